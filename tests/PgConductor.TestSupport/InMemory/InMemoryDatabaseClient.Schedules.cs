using Npgsql;
using PgConductor.Database;
using PgConductor.Schedules;

namespace PgConductor.TestSupport.InMemory;

/// <content>Schedules.</content>
internal sealed partial class InMemoryDatabaseClient
{
    public Task<ScheduleChange> ScheduleAsync(ScheduleSpec schedule, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Schedules.Put(schedule, null), cancellationToken);

    public Task<bool> UnscheduleAsync(string key, bool force, CancellationToken cancellationToken) => RunAsync(shared => shared.Schedules.Remove(key, force), cancellationToken);

    public Task PauseScheduleAsync(string key, CancellationToken cancellationToken) => RunAsync(shared => shared.Schedules.SetPaused(key, true), cancellationToken);

    public Task ResumeScheduleAsync(string key, CancellationToken cancellationToken) => RunAsync(shared => shared.Schedules.SetPaused(key, false), cancellationToken);

    public Task<Guid> RunScheduleAsync(string key, CancellationToken cancellationToken) => RunAsync(shared => shared.Schedules.Run(key), cancellationToken);

    public Task<IReadOnlyList<ScheduleInfo>> ListSchedulesAsync(string? key, CancellationToken cancellationToken) => RunAsync(shared => shared.Schedules.List(key), cancellationToken);

    public Task<DeclarationReport> DeclareSchedulesAsync(string service, IReadOnlyCollection<ScheduleSpec> schedules, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Schedules.Declare(service, schedules), cancellationToken);

    public Task<DueSchedules> GetDueSchedulesAsync(int limit, IReadOnlyCollection<(string Key, long Revision)> skip, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Schedules.Due(limit, skip), cancellationToken);

    public Task<IReadOnlyList<AdvanceAnswer>> AdvanceSchedulesAsync(IReadOnlyList<ScheduleAdvance> advances, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Schedules.Advance(advances), cancellationToken);

    public Task ReportScheduleFaultAsync(string key, long revision, string fault, CancellationToken cancellationToken) =>
        RunAsync(shared => shared.Schedules.ReportFault(key, revision, fault), cancellationToken);
}
