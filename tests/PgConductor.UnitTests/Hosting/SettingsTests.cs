using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using PgConductor.Client;
using PgConductor.Hosting;
using PgConductor.Hosting.Configuration;
using Xunit;

namespace PgConductor.UnitTests.Hosting;

public sealed class SettingsTests
{
    private static readonly TaskDefinition<int, NoResult> _task = TaskDefinition.Create<int>("some-task");

    [Fact]
    public void Every_setting_of_the_section_is_read()
    {
        var settings = Resolve(
            new()
            {
                ["PgConductor:ConnectionString"] = "Host=db",
                ["PgConductor:MaxPayloadBytes"] = "2048",
                ["PgConductor:StatementTimeout"] = "20s",
                ["PgConductor:RetryTimeout"] = "00:00:03",
                ["PgConductor:TransactionPooler"] = "true",
                ["PgConductor:ApplicationName"] = "shop",
                ["PgConductor:Heartbeat"] = "1s",
                ["PgConductor:Takeover"] = "1m",
                ["PgConductor:DrainTimeout"] = "2h",
                ["PgConductor:CancelTimeout"] = "1.5s",
                ["PgConductor:Listen"] = "false",
                ["PgConductor:Migrate"] = "False",
                ["PgConductor:OnlyNamedQueues"] = "true",
                ["PgConductor:Name"] = "worker-1",
                ["PgConductor:Service"] = "shop-service",
                ["PgConductor:Worker:Concurrency"] = "3",
                ["PgConductor:Worker:MaxClaim"] = "30",
                ["PgConductor:Worker:MaxPrefetch"] = "7",
                ["PgConductor:Worker:PrefetchTime"] = "5ms",
                ["PgConductor:Worker:FlushSize"] = "9",
                ["PgConductor:Worker:FlushInterval"] = "1ms",
                ["PgConductor:Worker:MinPollInterval"] = "2ms",
                ["PgConductor:Worker:MaxPollInterval"] = "3s",
                ["PgConductor:Worker:StartDirectly"] = "false",
                ["PgConductor:Queues:mail:Concurrency"] = "1",
            });

        Assert.Empty(settings.Faults);
        var worker = new WorkerOptions
        {
            Concurrency = 3,
            MaxClaim = 30,
            MaxPrefetch = 7,
            PrefetchTime = TimeSpan.FromMilliseconds(5),
            FlushSize = 9,
            FlushInterval = TimeSpan.FromMilliseconds(1),
            MinPollInterval = TimeSpan.FromMilliseconds(2),
            MaxPollInterval = TimeSpan.FromSeconds(3),
            StartDirectly = false,
        };
        Assert.Equal(
            new ConductorOptions
            {
                ConnectionString = "Host=db",
                MaxPayloadBytes = 2048,
                StatementTimeout = TimeSpan.FromSeconds(20),
                RetryTimeout = TimeSpan.FromSeconds(3),
                TransactionPooler = true,
                ApplicationName = "shop",
            },
            settings.Conductor);
        Assert.Equal(
            new OrchestratorOptions
            {
                Heartbeat = TimeSpan.FromSeconds(1),
                Takeover = TimeSpan.FromMinutes(1),
                DrainTimeout = TimeSpan.FromHours(2),
                CancelTimeout = TimeSpan.FromSeconds(1.5),
                Listen = false,
                Migrate = false,
                Name = "worker-1",
                Service = "shop-service",
                OnlyNamedQueues = true,
                Worker = worker,
                Queues = settings.Orchestrator.Queues,
            },
            settings.Orchestrator);
        Assert.Equal(worker with { Concurrency = 1 }, Assert.Single(settings.Orchestrator.Queues, queue => queue.Key == "mail").Value);
    }

    [Theory]
    [InlineData(typeof(ConductorOptions), nameof(ConductorOptions.JsonTypeInfoResolver), nameof(ConductorOptions.TimeProvider))]
    [InlineData(typeof(OrchestratorOptions))]
    [InlineData(typeof(WorkerOptions))]
    public void No_setting_of_the_options_is_forgotten_by_the_reader(Type options, params string[] onlyFromCode)
    {
        var prefix = options == typeof(WorkerOptions) ? "PgConductor:Worker" : "PgConductor";
        foreach (var property in options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => !onlyFromCode.Contains(property.Name)))
        {
            // A value that nothing can be read from: the reader must at least know the name.
            var faults = Resolve(new() { [$"{prefix}:{property.Name}"] = "x" }).Faults;

            Assert.DoesNotContain(faults, fault => fault.Contains("is not a setting", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_fault_of_configuration_and_code_is_in_one_message()
    {
        var services = Services(
            new()
            {
                ["PgConductor:Hartbeat"] = "5s",
                ["PgConductor:Takeover"] = "30",
                ["PgConductor:Worker:Concurrency"] = "many",
                ["PgConductor:Queues:mail:MaxClaim"] = "0",
            },
            builder => builder.ConfigureConductor(options => options with { ApplicationName = "" }).AddTask<NeedsClock, int>(_task));

        var exception = Assert.Throws<ConductorException>(() => services.GetRequiredService<IConductor>());

        Assert.Equal(ConductorErrorCode.InvalidArgument, exception.Code);
        Assert.Contains("PgConductor:Hartbeat is not a setting", exception.Message, StringComparison.Ordinal);
        Assert.Contains("PgConductor:Takeover is \"30\", but it must be a time", exception.Message, StringComparison.Ordinal);
        Assert.Contains("PgConductor:Worker:Concurrency is \"many\", but it must be a whole number", exception.Message, StringComparison.Ordinal);
        Assert.Contains("queue \"mail\": MaxClaim 0 must be 1 to 10000", exception.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionString is empty", exception.Message, StringComparison.Ordinal);
        Assert.Contains("ApplicationName \"\" must be", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"the handler {typeof(NeedsClock)} cannot be made: {typeof(IMissing)} is not registered", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_without_tasks_must_say_that_it_is_a_client()
    {
        Dictionary<string, string?> configuration = new() { ["ConnectionStrings:PgConductor"] = "Host=db" };

        Assert.Contains("there is no task to run", Assert.Single(Resolve(configuration, _ => { }).Faults), StringComparison.Ordinal);
        Assert.Empty(Resolve(configuration, builder => builder.ClientOnly()).Faults);
        Assert.Empty(Services(configuration, null).GetRequiredService<HostingSettings>().Faults);
    }

    [Fact]
    public void Code_wins_over_configuration_and_the_calls_add_up()
    {
        var services = new ServiceCollection();
        services.AddSingleton(Configuration(new() { ["PgConductor:ConnectionString"] = "Host=file", ["PgConductor:Heartbeat"] = "2s" }));
        services.AddPgConductor(builder => builder.UseConnectionString("Host=first").AddTask(_task, (_, _) => Task.CompletedTask));
        services.AddPgConductor(builder => builder
            .UseConnectionString("Host=second")
            .ConfigureOrchestrator(options => options with { Takeover = options.Heartbeat * 4 })
            .ConfigureWorker("mail", worker => worker with { Concurrency = 2 })
            .AddTask(TaskDefinition.Create<int>("other-task"), (_, _) => Task.CompletedTask));

        var settings = services.BuildServiceProvider().GetRequiredService<HostingSettings>();

        Assert.Empty(settings.Faults);
        Assert.Equal("Host=second", settings.Conductor.ConnectionString);
        Assert.Equal(TimeSpan.FromSeconds(8), settings.Orchestrator.Takeover);
        Assert.Equal(2, settings.Orchestrator.Queues["mail"].Concurrency);
        Assert.Equal(["other-task", "some-task"], services.BuildServiceProvider().GetRequiredService<TaskCollection>().Definitions.Select(task => task.Key).Order());
        Assert.Single(services, service => service.ServiceType == typeof(IConductor));
    }

    [Fact]
    public void The_connection_string_can_be_a_named_one_and_the_section_another()
    {
        Dictionary<string, string?> configuration = new() { ["ConnectionStrings:Jobs"] = "Host=jobs", ["Other:Heartbeat"] = "3s" };

        var settings = Resolve(configuration, builder => builder.UseConnectionName("Jobs").UseSection("Other").AddTask(_task, (_, _) => Task.CompletedTask));
        var missing = Resolve(configuration, builder => builder.UseConnectionName("Nobody").ClientOnly());

        Assert.Empty(settings.Faults);
        Assert.Equal("Host=jobs", settings.Conductor.ConnectionString);
        Assert.Equal(TimeSpan.FromSeconds(3), settings.Orchestrator.Heartbeat);
        Assert.Contains("the configuration has no ConnectionStrings:Nobody", missing.Faults);
    }

    [Fact]
    public void The_clock_comes_from_the_services()
    {
        var clock = new OtherClock();
        var services = new ServiceCollection().AddSingleton<TimeProvider>(clock).AddPgConductor(builder => builder.UseConnectionString("Host=db").ClientOnly());

        Assert.Same(clock, services.BuildServiceProvider().GetRequiredService<HostingSettings>().Conductor.TimeProvider);
    }

    private static HostingSettings Resolve(Dictionary<string, string?> values, Action<PgConductorBuilder>? configure = null) =>
        Services(values, configure ?? (builder => builder.AddTask(_task, (_, _) => Task.CompletedTask))).GetRequiredService<HostingSettings>();

    private static ServiceProvider Services(Dictionary<string, string?> values, Action<PgConductorBuilder>? configure) =>
        new ServiceCollection().AddSingleton(Configuration(values)).AddPgConductor(configure).BuildServiceProvider();

    private static IConfiguration Configuration(Dictionary<string, string?> values) => new ConfigurationBuilder().AddInMemoryCollection(values).Build();

#pragma warning disable CA1040 // Nobody registers it: that is its use.
    private interface IMissing;
#pragma warning restore CA1040

#pragma warning disable CS9113 // Only asked for.
    private sealed class NeedsClock(IMissing missing) : ITaskHandler<int>
#pragma warning restore CS9113
    {
        public Task RunAsync(int payload, TaskContext context) => Task.CompletedTask;
    }

    private sealed class OtherClock : TimeProvider;
}
