// A process that owns a local server: for tests that kill it, and for the test script, which shares one server among
// all suites. It prints one line when the server answers (port, data folder; with --url its address instead), stops
// the server when its input ends, and says so.
//
//   PgConductor.PostgresOwner [DIRECTORY] [--url [--durable]]
//
// With --url the server does not wait for the disk: nothing in it outlives the tests. With --durable too it does, as a
// real one: for measuring.
using Microsoft.Extensions.Logging;
using Npgsql;
using PgConductor.Postgres;

var url = args.Contains("--url");
var durable = args.Contains("--durable");
string[] directories = [.. args.Where(argument => argument is not ("--url" or "--durable"))];
using ILoggerFactory logging = LoggerFactory.Create(builder => builder.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
var options = new LocalPostgresOptions
{
    Directory = directories.Length > 0 ? directories[0] : null,
    Settings = url && !durable
        ? new Dictionary<string, string> { ["fsync"] = "off", ["full_page_writes"] = "off", ["max_connections"] = "300" }
        : new Dictionary<string, string>(),
};
LocalPostgres server = await LocalPostgres.StartAsync(options, logging.CreateLogger("owner"));
if (url)
{
    var address = new NpgsqlConnectionStringBuilder(server.ConnectionString);
    Console.WriteLine($"postgres://{Uri.EscapeDataString(address.Username!)}:{Uri.EscapeDataString(address.Password!)}@{address.Host}:{address.Port}/{address.Database}");
}
else
{
    Console.WriteLine($"{server.Port} {server.DataDirectory}");
}

while (Console.ReadLine() is { } line && line != "stop") { }

await server.StopAsync();
Console.WriteLine("stopped");
