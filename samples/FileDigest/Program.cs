using FileDigest;
using PgConductor.Client;
using PgConductor.Postgres;
using Spectre.Console;

DemoOptions options;
try
{
    options = DemoOptions.Parse(args);
}
catch (ArgumentException exception)
{
    Console.Error.WriteLine($"{exception.Message}\n\n{DemoOptions.Usage}");
    return 2;
}

if (options.Worker is { } worker)
{
    await WorkerProcess.RunAsync(worker);
    return 0;
}

var folder = options.Folder ?? FileList.DefaultFolder();
if (!Directory.Exists(folder))
{
    Console.Error.WriteLine($"There is no folder {folder}: name one that exists, ./demo DIR.");
    return 2;
}

await using var server = await PostgresConnection.ResolveAsync(options.Connection);
AnsiConsole.MarkupLineInterpolated($"PostgreSQL: {server.Description}");
bool right;
await using (var conductor = new Conductor(new PgConductor.ConductorOptions { ConnectionString = server.ConnectionString, ApplicationName = "digest-demo" }))
{
    right = await new Demo(conductor, server.ConnectionString, folder).RunAsync();
}

if (!options.Once && right)
{
    // Not through the console library, which would break the long line that is to be copied.
    Console.WriteLine($$"""

        A worker and the server run until you press Enter. In another terminal:

          export DATABASE_URL='{{server.ConnectionString}}'
          ./pgconductor executions list --limit 5
          ./pgconductor queues list
          ./pgconductor invoke digest-file --payload '{"path": "/etc/hostname"}' --wait
          ./pgconductor doctor

        The code of this demo: samples/FileDigest. What to read next: README.md.
        """);
    using var next = WorkerProcess.Start(server.ConnectionString);
    Console.ReadLine();
    await next.StopAsync();
}

return right ? 0 : 1;
