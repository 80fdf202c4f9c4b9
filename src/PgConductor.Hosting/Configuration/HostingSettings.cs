using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace PgConductor.Hosting.Configuration;

/// <summary>All settings of one process, from configuration and code, and everything that is wrong with them.</summary>
internal sealed record HostingSettings(ConductorOptions Conductor, OrchestratorOptions Orchestrator, bool ClientOnly, IReadOnlyList<string> Faults)
{
    /// <summary>Configuration first, then code, which wins.</summary>
    public static HostingSettings Resolve(PgConductorBuilder builder, IServiceProvider services)
    {
        var faults = new List<string>();
        var configuration = services.GetService<IConfiguration>();
        var conductor = new ConductorOptions
        {
            ConnectionString = configuration?.GetConnectionString(builder.ConnectionName ?? PgConductorBuilder.DefaultSection) ?? "",
            TimeProvider = services.GetService<TimeProvider>() ?? TimeProvider.System,
        };
        if (builder.ConnectionName is { } name && conductor.ConnectionString.Length == 0)
        {
            faults.Add($"the configuration has no ConnectionStrings:{name}");
        }

        var orchestrator = new OrchestratorOptions();
        if (configuration is not null)
        {
            (conductor, orchestrator) = SettingsReader.Read(configuration.GetSection(builder.SectionName), conductor, orchestrator, faults);
        }

        conductor = builder.Apply(conductor);
        orchestrator = builder.Apply(orchestrator);
        faults.AddRange(conductor.Validate());
        if (!builder.IsClientOnly)
        {
            faults.AddRange(orchestrator.Validate());
            if (builder.Tasks.Definitions.Count == 0)
            {
                faults.Add("there is no task to run: add one with AddTask, or call ClientOnly() in a process that only enqueues");
            }

            faults.AddRange(HandlerCheck.Find(builder, services));
        }

        return new HostingSettings(conductor, orchestrator, builder.IsClientOnly, faults);
    }

    /// <summary>These settings, if they are usable.</summary>
    /// <exception cref="ConductorException">Code invalid-argument: the message lists every fault.</exception>
    public HostingSettings Checked() =>
        Faults.Count == 0
            ? this
            : throw new ConductorException(ConductorErrorCode.InvalidArgument, $"PgConductor cannot start; its settings are faulty: {string.Join("; ", Faults)}.");
}
