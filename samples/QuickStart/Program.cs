// docs:start quick-start
using PgConductor;
using PgConductor.Client;
using PgConductor.Orchestration;
using PgConductor.Postgres;

// DATABASE_URL, or a private PostgreSQL server that ends with this program.
await using var postgres = await PostgresConnection.ResolveAsync(args.FirstOrDefault());
await using var conductor = new Conductor(new ConductorOptions { ConnectionString = postgres.ConnectionString });

// A task: a name on the wire, what it takes, what it returns.
var greet = TaskDefinition.Create<Person, string>("greet", new TaskOptions { MaxAttempts = 3 });

// A worker. Starting it installs the schema.
var tasks = new TaskCollection().Add(greet, (person, context) =>
    Task.FromResult($"Hello {person.Name}, this is attempt {context.Attempt}."));
await using var orchestrator = new Orchestrator(conductor, tasks);
await orchestrator.StartAsync();

// From here on it is durable: it runs although this process may die before.
var handle = await conductor.InvokeAsync(greet, new Person("Ada"));
Console.WriteLine(await handle.WaitAsync(TimeSpan.FromSeconds(30)));

await orchestrator.StopAsync();

internal sealed record Person(string Name);
// docs:end
