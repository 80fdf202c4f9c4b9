using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using PgConductor.Cli.Config;

namespace PgConductor.Cli.Tasks;

/// <summary>The connections that all http tasks share.</summary>
internal sealed class HttpSender : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        // A redirected POST is somebody's misconfiguration, and following it would send the payload elsewhere.
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectTimeout = TimeSpan.FromSeconds(15),
        UseCookies = false,
    })
    {
        // The task's timeout is the limit.
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    public void Dispose() => _client.Dispose();
}

/// <summary>An http task: the payload is POSTed, the outcome is the status.</summary>
/// <remarks>2xx completed; 408, 425, 429, 5xx and network errors retried, after Retry-After if the service says so; everything else dead-lettered.</remarks>
internal sealed class HttpTask(HttpBody http, HttpSender sender, TimeProvider timeProvider)
{
    private static readonly TimeSpan _longestRetryAfter = TimeSpan.FromDays(1);

    public async Task<JsonElement?> RunAsync(JsonElement payload, TaskContext context)
    {
        using var request = Request(payload, context);
        HttpResponseMessage response;
        try
        {
            response = await sender.SendAsync(request, context.CancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw new HttpFailedException($"POST {Shown()} failed: {exception.Message}", exception);
        }

        using (response)
        {
            var body = await ReadAsync(response, context.CancellationToken);
            var status = (int)response.StatusCode;
            if (response.IsSuccessStatusCode)
            {
                return body.IsOver
                    ? throw new NonRetryableException($"POST {Shown()} answered {status} with more than {ResultText.MaxBytes} bytes: answer less, or store it elsewhere and answer a reference.")
                    : ResultText.Parse(body.Bytes);
            }

            var message = $"POST {Shown()} answered {status.ToString(CultureInfo.InvariantCulture)} {response.ReasonPhrase}.{Tail(body)}";
            throw IsRetried(response.StatusCode)
                ? RetryAfter(response.Headers.RetryAfter) is { } delay ? new RetryAfterException(delay, message) : new HttpFailedException(message)
                : new NonRetryableException(status is >= 300 and < 400 ? $"{message} Redirects are not followed; give the final address{(response.Headers.Location is { } location ? $" ({location})" : "")} as \"url\"." : message);
        }
    }

    private static bool IsRetried(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or (HttpStatusCode)425 or HttpStatusCode.TooManyRequests || (int)status >= 500;

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header)
    {
        var delay = header?.Delta ?? header?.Date - timeProvider.GetUtcNow();
        return delay switch
        {
            null => null,
            { } time when time < TimeSpan.Zero => TimeSpan.Zero,
            { } time when time > _longestRetryAfter => _longestRetryAfter,
            _ => delay,
        };
    }

    private HttpRequestMessage Request(JsonElement payload, TaskContext context)
    {
        var json = payload.ValueKind == JsonValueKind.Undefined ? "null" : payload.GetRawText();
        var request = new HttpRequestMessage(HttpMethod.Post, http.Url)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.TryAddWithoutValidation("PgConductor-Execution-Id", context.ExecutionId.ToString());
        request.Headers.TryAddWithoutValidation("PgConductor-Attempt", context.Attempt.ToString(CultureInfo.InvariantCulture));

        // A key may be any text, a header's value not.
        request.Headers.TryAddWithoutValidation("PgConductor-Task", Uri.EscapeDataString(context.TaskKey));
        foreach (var (name, value) in http.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private async Task<CappedBuffer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = new CappedBuffer(ResultText.MaxBytes + 1);
        var buffer = new byte[16 * 1024];
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (!body.IsOver && await stream.ReadAsync(buffer, cancellationToken) is var count and > 0)
            {
                body.Append(buffer.AsSpan(0, count));
            }

            return body;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new HttpFailedException($"POST {Shown()} answered {(int)response.StatusCode}, but its body broke off: {exception.Message}", exception);
        }
    }

    private static string Tail(CappedBuffer body)
    {
        var tail = new OutputTail();
        tail.Append(body.Bytes.Span);
        return tail.ToString() is { Length: > 0 } text ? $" Its body ends:\n{text}\n" : "";
    }

    /// <summary>Without user, password and query, which may be secrets.</summary>
    private string Shown() => http.Url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}

/// <summary>The service of an http task failed in a way that may pass; it is retried.</summary>
internal sealed class HttpFailedException(string message, Exception? innerException = null) : Exception(message, innerException);
