// A process that owns a local server, for tests that kill it. It prints one line when the server answers
// (port, data folder), stops the server when its input ends, and says so.
//
//   PgConductor.PostgresOwner [DIRECTORY]
using Microsoft.Extensions.Logging;
using PgConductor.Postgres;

using ILoggerFactory logging = LoggerFactory.Create(builder => builder.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
var options = new LocalPostgresOptions { Directory = args.Length > 0 ? args[0] : null };
LocalPostgres server = await LocalPostgres.StartAsync(options, logging.CreateLogger("owner"));
Console.WriteLine($"{server.Port} {server.DataDirectory}");
while (Console.ReadLine() is { } line && line != "stop") { }

await server.StopAsync();
Console.WriteLine("stopped");
