using Npgsql;
using PgConductor.Schedules;

namespace PgConductor.Database;

/// <content>Schedules.</content>
internal sealed partial class DatabaseClient
{
    public Task<ScheduleChange> ScheduleAsync(ScheduleSpec schedule, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        _schedules.ScheduleAsync(schedule, transaction, cancellationToken);

    public Task<bool> UnscheduleAsync(string key, bool force, CancellationToken cancellationToken) => _schedules.UnscheduleAsync(key, force, cancellationToken);

    public Task PauseScheduleAsync(string key, CancellationToken cancellationToken) => _schedules.PauseScheduleAsync(key, cancellationToken);

    public Task ResumeScheduleAsync(string key, CancellationToken cancellationToken) => _schedules.ResumeScheduleAsync(key, cancellationToken);

    public Task<Guid> RunScheduleAsync(string key, CancellationToken cancellationToken) => _schedules.RunScheduleAsync(key, cancellationToken);

    public Task<IReadOnlyList<ScheduleInfo>> ListSchedulesAsync(string? key, CancellationToken cancellationToken) => _schedules.ListSchedulesAsync(key, cancellationToken);

    public Task<DeclarationReport> DeclareSchedulesAsync(string service, IReadOnlyCollection<ScheduleSpec> schedules, CancellationToken cancellationToken) =>
        _schedules.DeclareSchedulesAsync(service, schedules, cancellationToken);

    public Task<DueSchedules> GetDueSchedulesAsync(int limit, IReadOnlyCollection<(string Key, long Revision)> skip, CancellationToken cancellationToken) =>
        _schedules.GetDueSchedulesAsync(limit, skip, cancellationToken);

    public Task<IReadOnlyList<AdvanceAnswer>> AdvanceSchedulesAsync(IReadOnlyList<ScheduleAdvance> advances, CancellationToken cancellationToken) =>
        _schedules.AdvanceSchedulesAsync(advances, cancellationToken);

    public Task ReportScheduleFaultAsync(string key, long revision, string fault, CancellationToken cancellationToken) =>
        _schedules.ReportScheduleFaultAsync(key, revision, fault, cancellationToken);
}
