using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.CliTests.Tasks;

public sealed class HttpTaskTests
{
    [Fact]
    public async Task The_payload_is_posted_with_headers_and_the_body_is_the_result()
    {
        using var server = new Server(200, """{"ok": true}""");

        var shown = await Run(server.Url, exitCode: 0, http: ",\"headers\":{\"X-Key\":\"secret\"}");

        Assert.Equal("""{"ok":true}""", shown.GetProperty("result").GetRawText());
        var request = Assert.Single(server.Requests);
        Assert.Equal(("POST", """{"n": 1}""", "application/json", "secret"), (request.Method, request.Body, request.Headers["Content-Type"], request.Headers["X-Key"]));
        Assert.Equal((shown.GetProperty("id").GetString(), "1", "hook%20%C3%A9"), (request.Headers["PgConductor-Execution-Id"], request.Headers["PgConductor-Attempt"], request.Headers["PgConductor-Task"]));
    }

    [Theory]
    [InlineData(200, "", null)]
    [InlineData(201, "created", "\"created\"")]
    [InlineData(204, "", null)]
    public async Task Every_2xx_completes(int status, string body, string? result)
    {
        using var server = new Server(status, body);

        var shown = await Run(server.Url, exitCode: 0);

        Assert.Equal(result, shown.GetProperty("result") is { ValueKind: not JsonValueKind.Null } value ? value.GetRawText() : null);
    }

    [Theory]
    [InlineData(408)]
    [InlineData(425)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task These_are_retried(int status)
    {
        using var server = new Server(status, "not now");

        var shown = await Run(server.Url, exitCode: 5);

        Assert.Equal(2, shown.GetProperty("attempts").GetInt32());
        Assert.Equal(["1", "2"], server.Requests.Select(request => request.Headers["PgConductor-Attempt"]));
        Assert.Contains($"answered {status}", shown.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains("not now", shown.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(422)]
    public async Task These_are_dead_lettered_at_once(int status)
    {
        using var server = new Server(status, "", location: "http://127.0.0.1:1/elsewhere");

        var shown = await Run(server.Url, exitCode: 5);

        Assert.Equal(1, shown.GetProperty("attempts").GetInt32());
        Assert.Equal(status == 301, shown.GetProperty("reason").GetString()!.Contains("Redirects are not followed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_service_that_is_away_is_retried()
    {
        var shown = await Run("http://127.0.0.1:1/", exitCode: 5);

        Assert.Equal(2, shown.GetProperty("attempts").GetInt32());
        Assert.Contains("POST http://127.0.0.1:1/ failed", shown.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_does_not_answer_is_given_up_after_the_timeout()
    {
        using var server = new Server(200, "", hangs: true);

        var shown = await Run(server.Url, exitCode: 5, ",\"timeout\":\"200ms\"");

        Assert.Equal(2, shown.GetProperty("attempts").GetInt32());
        Assert.Contains("timeout", shown.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retry_after_is_honoured()
    {
        using var server = new Server(429, "", retryAfter: "3600");
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        await using var worker = await RunningWorker.Start(database.ConnectionString, Config(folder, server.Url, "", ""));
        var id = (await Cli.Run(database.ConnectionString, "invoke", "hook é")).Expect(0).Out.Trim();

        await Eventually.IsTrue(() => Show().Result.GetProperty("state").GetString() == "scheduled", "it waits to be retried");

        Assert.InRange((await Show()).GetProperty("runAt").GetDateTimeOffset() - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(58), TimeSpan.FromMinutes(61));

        async Task<JsonElement> Show() => (await Cli.Run(database.ConnectionString, "executions", "show", id, "--json")).Expect(0).Document;
    }

    private static async Task<JsonElement> Run(string url, int exitCode, string options = "", string http = "")
    {
        await using var database = await TestDatabase.CreateAsync();
        using var folder = new TestFolder();
        await using var worker = await RunningWorker.Start(database.ConnectionString, Config(folder, url, options, http));
        var result = (await Cli.Run(database.ConnectionString, "invoke", "hook é", "--payload", """{"n":1}""", "--wait", "--timeout", "120s", "--json")).Expect(exitCode);
        return (await Cli.Run(database.ConnectionString, "executions", "show", result.Document.GetProperty("id").GetString()!, "--json")).Expect(0).Document;
    }

    private static string Config(TestFolder folder, string url, string options, string http) =>
        folder.Write("tower.json", "{\"tasks\": {\"hook é\": {\"http\": {\"url\": \"" + url + "\"" + http + "}, \"maxAttempts\": 2, \"backoff\": [\"0s\"]" + options + "}}}");

    private sealed record Request(string Method, string Body, WebHeaderCollection Headers);

    /// <summary>A web service that answers everything the same.</summary>
    private sealed class Server : IDisposable
    {
        private readonly HttpListener _listener;
        private readonly List<Request> _requests = [];

        public Server(int status, string body, string? location = null, string? retryAfter = null, bool hangs = false)
        {
            (_listener, Url) = Listen();
            _ = AnswerAsync(status, body, location, retryAfter, hangs);
        }

        public string Url { get; }

        public IReadOnlyList<Request> Requests
        {
            get
            {
                lock (_requests)
                {
                    return [.. _requests];
                }
            }
        }

        public void Dispose() => _listener.Close();

        /// <summary>A port that was free may be somebody else's by the time it is listened on: then another.</summary>
        private static (HttpListener Listener, string Url) Listen()
        {
            for (var attempt = 1; ; attempt++)
            {
                var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort()}/hook/");
                var listener = new HttpListener();
                try
                {
                    listener.Prefixes.Add(url);
                    listener.Start();
                    return (listener, url);
                }
                catch (HttpListenerException) when (attempt < 10)
                {
                    listener.Close();
                }
            }
        }

        private static int FreePort()
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            return ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        private async Task AnswerAsync(int status, string body, string? location, string? retryAfter, bool hangs)
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                using var reader = new StreamReader(context.Request.InputStream);
                var request = new Request(context.Request.HttpMethod, await reader.ReadToEndAsync(), (WebHeaderCollection)context.Request.Headers);
                lock (_requests)
                {
                    _requests.Add(request);
                }

                if (hangs)
                {
                    continue;
                }

                context.Response.StatusCode = status;
                if (location is not null)
                {
                    context.Response.RedirectLocation = location;
                }

                if (retryAfter is not null)
                {
                    context.Response.AddHeader("Retry-After", retryAfter);
                }

                var bytes = Encoding.UTF8.GetBytes(body);
                if (bytes.Length > 0)
                {
                    await context.Response.OutputStream.WriteAsync(bytes);
                }

                context.Response.Close();
            }
        }
    }
}
