using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PgConductor.Client;
using PgConductor.Database;
using PgConductor.Schedules;

namespace PgConductor.TestSupport.InMemory;

/// <summary>The functions of schedules.</summary>
internal sealed class ScheduleTable(Tables tables, Invocations invocations)
{
    public ScheduleChange Put(ScheduleSpec spec, string? service)
    {
        var now = tables.Now;
        CheckZone(spec.Options.TimeZone);
        tables.EnsureTask(spec.TaskKey, spec.Options.Queue ?? tables.Tasks.GetValueOrDefault(spec.TaskKey)?.Queue ?? "default");
        if (!tables.Schedules.TryGetValue(spec.Key, out var old))
        {
            Store(new ScheduleRow(spec, service) { LastTick = now, LookAt = now, CreatedAt = now, UpdatedAt = now });
            tables.NotifyAll();
            return ScheduleChange.Created;
        }

        if (old.Service != service)
        {
            throw ServerErrors.Of("PC009", old.Service is null ? $"schedule \"{spec.Key}\" was made dynamically" : $"schedule \"{spec.Key}\" is declared by service \"{old.Service}\"");
        }

        if (old.Spec with { Payload = spec.Payload } == spec && JsonElement.DeepEquals(JsonElement.Parse(old.Spec.Payload), JsonElement.Parse(spec.Payload)))
        {
            return ScheduleChange.Unchanged;
        }

        var moved = (old.Spec.Cron, old.Spec.Options.TimeZone) != (spec.Cron, spec.Options.TimeZone);
        Store(old with
        {
            Spec = spec,
            Revision = old.Revision + 1,
            Fault = null,
            UpdatedAt = now,
            LastTick = moved && now > old.LastTick ? now : old.LastTick,
            LookAt = moved || old.Fault is not null ? now : old.LookAt,
            NextRunAt = moved ? null : old.NextRunAt,
        });
        tables.NotifyAll();
        return ScheduleChange.Changed;
    }

    public bool Remove(string key, bool force) =>
        tables.Schedules.TryGetValue(key, out var schedule)
        && (schedule.Service is null || force ? tables.Schedules.Remove(key) : throw ServerErrors.Of("PC009", $"schedule \"{key}\" is declared by service \"{schedule.Service}\""));

    public bool SetPaused(string key, bool paused)
    {
        var schedule = Find(key);
        if (schedule.Paused == paused)
        {
            return false;
        }

        var now = tables.Now;
        schedule = schedule with { Paused = paused, Revision = schedule.Revision + 1, UpdatedAt = now };
        Store(paused ? schedule with { NextRunAt = null } : schedule with { LastTick = now > schedule.LastTick ? now : schedule.LastTick, LookAt = now });
        if (!paused)
        {
            tables.NotifyAll();
        }

        return true;
    }

    public Guid Run(string key) => invocations.Invoke(Invocation(Find(key).Spec, Guid.CreateVersion7()), DedupePolicy.ReturnExisting).Id;

    public IReadOnlyList<ScheduleInfo> List(string? key) =>
        [.. tables.Schedules.Values.Where(row => key is null || row.Spec.Key == key).Select(row => new ScheduleInfo
        {
            Key = row.Spec.Key,
            Service = row.Service,
            TaskKey = row.Spec.TaskKey,
            Cron = row.Spec.Cron,
            Options = row.Spec.Options,
            Payload = JsonElement.Parse(row.Spec.Payload),
            Paused = row.Paused,
            LastTick = row.LastTick,
            NextRunAt = row.NextRunAt,
            LastRunAt = row.LastRunAt,
            Fault = row.Fault,
            CreatedAt = row.CreatedAt,
            UpdatedAt = row.UpdatedAt,
        })];

    public DeclarationReport Declare(string service, IReadOnlyCollection<ScheduleSpec> specs)
    {
        var before = tables.Schedules.ToArray();
        try
        {
            var changes = specs.OrderBy(spec => spec.Key, StringComparer.Ordinal).Select(spec => Put(spec, service)).ToList();
            var gone = tables.Schedules.Values.Where(row => row.Service == service && specs.All(spec => spec.Key != row.Spec.Key)).ToList();
            gone.ForEach(row => tables.Schedules.Remove(row.Spec.Key));
            return new DeclarationReport(changes.Count(change => change == ScheduleChange.Created), changes.Count(change => change == ScheduleChange.Changed), gone.Count);
        }
        catch
        {
            tables.Schedules.Clear();
            Array.ForEach(before, row => tables.Schedules.Add(row.Key, row.Value));
            throw;
        }
    }

    public TimeSpan? NextIn(DateTimeOffset after)
    {
        var coming = tables.Schedules.Values.Where(row => !row.Paused && row.LookAt > after && row.LookAt < DateTimeOffset.MaxValue).ToList();
        return coming.Count == 0 ? null : coming.Min(row => row.LookAt) - tables.Now;
    }

    public DueSchedules Due(int limit, IReadOnlyCollection<(string Key, long Revision)> skip)
    {
        DateTimeOffset now = tables.Now;
        var due = tables.Schedules.Values
            .Where(row => !row.Paused && row.LookAt <= now && !skip.Contains((row.Spec.Key, row.Revision)))
            .OrderBy(row => row.LookAt)
            .Take(limit)
            .Select(row => new DueSchedule(row.Spec.Key, row.Revision, row.Spec.TaskKey, row.Spec.Cron, row.Spec.Options.TimeZone, row.Spec.Options.Missed, row.Spec.Options.Tolerance, row.Spec.Options.CatchUp, row.LastTick));
        return new DueSchedules(now, NextIn(now), [.. due]);
    }

    public IReadOnlyList<AdvanceAnswer> Advance(IReadOnlyList<ScheduleAdvance> advances) => [.. advances.Select(Advance)];

    public bool ReportFault(string key, long revision, string fault)
    {
        if (tables.Schedules.TryGetValue(key, out var schedule) && schedule.Revision == revision)
        {
            Store(schedule with { Fault = fault });
        }

        return true;
    }

    private AdvanceAnswer Advance(ScheduleAdvance advance)
    {
        if (!tables.Schedules.TryGetValue(advance.Key, out var schedule) || schedule.Revision != advance.Revision || schedule.Paused)
        {
            return new AdvanceAnswer(AdvanceEffect.Stale, null);
        }

        var leftOut = 0;
        try
        {
            var runs = advance.Ticks.Select(tick => TickId(advance.Key, tick)).Where(id => tables.Waiting.Find(id) is null).Select(id => Invocation(schedule.Spec, id)).ToList();
            if (runs.Count > 0)
            {
                leftOut = invocations.InvokeMany(runs, DedupePolicy.ReturnExisting).Count(outcome => outcome.Disposition == InvokeDisposition.Existing);
            }
        }
        catch (ConductorException exception)
        {
            Store(schedule with { Fault = exception.Message, LookAt = tables.Now.AddMinutes(1) });
            return new AdvanceAnswer(AdvanceEffect.Failed, exception.Message);
        }

        Store(schedule with
        {
            LastTick = advance.LastTick > schedule.LastTick ? advance.LastTick : schedule.LastTick,
            NextRunAt = advance.NextTick,
            LookAt = advance.NextTick ?? DateTimeOffset.MaxValue,
            Revision = schedule.Revision + 1,
            Fault = null,
            LastRunAt = advance.Ticks.Count > leftOut ? tables.Now : schedule.LastRunAt,
        });
        return new AdvanceAnswer(AdvanceEffect.Advanced, leftOut == 0 ? null : $"{leftOut} of {advance.Ticks.Count} ticks left out: an earlier run has not ended");
    }

    private static Invocation Invocation(ScheduleSpec spec, Guid id) =>
        new(id, spec.TaskKey, spec.Payload, spec.Options.Queue, null, spec.Options.Priority, null, spec.Options.Overlap ? null : $"schedule {spec.Key}", null);

    /// <summary>As pgconductor._tick_id.</summary>
    private static Guid TickId(string key, DateTimeOffset tick)
    {
        var microseconds = (tick - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        var epoch = string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1_000_000}.{microseconds % 1_000_000:000000}");
#pragma warning disable CA5351 // Not a secret: it has to equal PostgreSQL's md5().
        var bytes = MD5.HashData(Encoding.UTF8.GetBytes($"{key} {epoch}"));
#pragma warning restore CA5351
        var time = BitConverter.GetBytes(microseconds / 1000);
        for (var i = 0; i < 6; i++)
        {
            bytes[i] = time[5 - i];
        }

        bytes[6] = (byte)(0x70 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new Guid(bytes, bigEndian: true);
    }

    private static void CheckZone(string zone)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            throw ServerErrors.Of("PC004", $"the server knows no time zone \"{zone}\"");
        }
    }

    private void Store(ScheduleRow row) => tables.Schedules[row.Spec.Key] = row;

    private ScheduleRow Find(string key) =>
        tables.Schedules.GetValueOrDefault(key) ?? throw ServerErrors.Of("PC007", $"there is no schedule \"{key}\"");
}

/// <summary>A row of schedules. LookAt at the end of time: never.</summary>
internal sealed record ScheduleRow(ScheduleSpec Spec, string? Service)
{
    public bool Paused { get; init; }

    public long Revision { get; init; } = 1;

    public DateTimeOffset LastTick { get; init; }

    public DateTimeOffset LookAt { get; init; }

    public DateTimeOffset? NextRunAt { get; init; }

    public DateTimeOffset? LastRunAt { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public string? Fault { get; init; }
}
