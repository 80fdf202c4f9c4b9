using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Schedules;
using PgConductor.Serialization;

namespace PgConductor.Orchestration;

/// <summary>Brings the schedules that a service's code declares into the database.</summary>
/// <remarks>At start only: a process that was taken over and comes back may be of an older version than the one that declared last.</remarks>
internal sealed class DeclaredSchedules(string? service, IReadOnlyCollection<ScheduleDeclaration> declarations, IScheduleStore database, PayloadSerializer serializer, ILogger logger) : ScheduleDeclaration.IWriter
{
    public async Task DeclareAsync(CancellationToken cancellationToken)
    {
        if (service is null)
        {
            return;
        }

        var schedules = declarations.Select(declaration => declaration.Complete(this)).ToList();
        var report = await database.DeclareSchedulesAsync(service, schedules, cancellationToken).ConfigureAwait(false);
        if (report != default)
        {
            SchedulerLog.Declared(logger, service, schedules.Count, report.Created, report.Changed, report.Removed);
        }
    }

    public byte[] Write<T>(T payload, string what) => serializer.Serialize(payload, what);
}
