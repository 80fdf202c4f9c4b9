using System.Globalization;
using System.Text;
using System.Text.Json;
using PgConductor.Postgres;

namespace PgConductor.Cli.Config;

/// <summary>Reads a config file and names every fault in it at once.</summary>
/// <remarks>docs/reference/tower.schema.json says the same to editors; a test compares the two on samples.</remarks>
internal sealed class TowerConfigReader(Func<string, string?> variable)
{
    private static readonly TimeSpan _day = TimeSpan.FromDays(1);

    /// <summary>Reads a file.</summary>
    /// <exception cref="CliException">The file cannot be read, or has faults: all of them.</exception>
    public TowerConfig ReadFile(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Usage, "config", $"The config file cannot be read: {exception.Message}");
        }

        var faults = new List<ConfigFault>();
        var config = Read(bytes, Path.GetDirectoryName(Path.GetFullPath(path))!, faults);
        return config ?? throw new CliException(ExitCodes.Usage, "config", $"{path} has {faults.Count} {(faults.Count == 1 ? "fault" : "faults")}:", faults);
    }

    /// <summary>Reads text. Null: there are faults.</summary>
    public TowerConfig? Read(ReadOnlyMemory<byte> json, string folder, List<ConfigFault> faults)
    {
        if (json.Span.StartsWith(Encoding.UTF8.Preamble))
        {
            json = json[Encoding.UTF8.Preamble.Length..];
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            var config = ReadRoot(new ConfigNode(document.RootElement, "", faults), folder);
            return faults.Count == 0 ? config : null;
        }
        catch (JsonException exception)
        {
            faults.Add(new ConfigFault("", string.Create(CultureInfo.InvariantCulture, $"line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}: not JSON: {FirstSentence(exception.Message)}")));
        }
        catch (InvalidOperationException)
        {
            faults.Add(new ConfigFault("", "a text in the file is not valid Unicode (half a surrogate pair in a \\u escape)"));
        }

        return null;
    }

    private static string FirstSentence(string message) => message.Split(" LineNumber:", 2)[0];

    private TowerConfig ReadRoot(ConfigNode root, string folder)
    {
        var members = root.Object("$schema", "connection", "name", "queues", "tasks", "heartbeat", "takeover", "drainTimeout", "listen", "service", "schedules");
        if (members.TryGetValue("$schema", out var schema))
        {
            schema.Text("the address of a schema");
        }

        var connection = members.TryGetValue("connection", out var node) ? ReadConnection(node) : null;
        var tasks = ReadTasks(root, members, folder);
        var schedules = ReadSchedules(root, members);
        var orchestrator = ReadOrchestrator(members) with
        {
            // A killed command task must have ended before the process gives up waiting for it.
            CancelTimeout = TimeSpan.FromSeconds(5) + tasks.Select(task => (task.Body as CommandBody)?.KillGrace ?? TimeSpan.Zero).DefaultIfEmpty().Max(),
        };
        return new TowerConfig { Folder = folder, Connection = connection, Tasks = tasks, Schedules = schedules, Orchestrator = orchestrator };
    }

    private static IReadOnlyList<TowerSchedule> ReadSchedules(ConfigNode root, Dictionary<string, ConfigNode> members)
    {
        if (!members.TryGetValue("schedules", out var node))
        {
            return [];
        }

        if (!members.ContainsKey("service"))
        {
            root.Faults.Add(new ConfigFault("service", "is missing; name the service whose schedules these are, the same for all its workers"));
        }

        return ScheduleReader.Read(node);
    }

    private static string? ReadConnection(ConfigNode node)
    {
        if (node.Text("an Npgsql connection string or a postgres:// URL") is not { } text)
        {
            return null;
        }

        try
        {
            PostgresUrl.ToConnectionString(text);
            return text;
        }
        catch (LocalPostgresException exception)
        {
            // Its message never repeats a password.
            node.Fault(exception.Message);
            return null;
        }
    }

    private static OrchestratorOptions ReadOrchestrator(Dictionary<string, ConfigNode> members)
    {
        var options = new OrchestratorOptions();
        if (members.TryGetValue("name", out var name) && name.Text("1 to 200 characters", text => text.Length <= 200 && !text.Any(char.IsControl)) is { } text)
        {
            options = options with { Name = text };
        }

        if (members.TryGetValue("service", out var service) && service.Text("a service's name: 1 to 200 bytes without control characters", Names.IsQueue) is { } serviceName)
        {
            options = options with { Service = serviceName };
        }

        if (members.TryGetValue("listen", out var listen))
        {
            options = options with { Listen = listen.Boolean() ?? true };
        }

        if (members.TryGetValue("drainTimeout", out var drain) && drain.Time(TimeSpan.Zero, _day) is { } drainTimeout)
        {
            options = options with { DrainTimeout = drainTimeout };
        }

        var heartbeatFault = false;
        if (members.TryGetValue("heartbeat", out var beat))
        {
            var time = beat.Time(TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(10));
            heartbeatFault = time is null;
            options = options with { Heartbeat = time ?? options.Heartbeat };
        }

        if (members.TryGetValue("takeover", out var takeover))
        {
            var time = takeover.Time(TimeSpan.FromMilliseconds(200), TimeSpan.FromHours(1));
            heartbeatFault |= time is null;
            options = options with { Takeover = time ?? options.Takeover };
        }

        if (!heartbeatFault && options.Heartbeat * 3 > options.Takeover)
        {
            (beat.Path is null ? takeover : beat).Fault($"the heartbeat {Duration.Format(options.Heartbeat)} must be at most a third of the takeover time {Duration.Format(options.Takeover)}, or one lost beat costs all work in hand");
        }

        return members.TryGetValue("queues", out var queues) ? options with { Queues = ReadQueues(queues) } : options;
    }

    private static Dictionary<string, WorkerOptions> ReadQueues(ConfigNode node)
    {
        var queues = new Dictionary<string, WorkerOptions>(StringComparer.Ordinal);
        foreach (var (name, queue) in node.Members("an object of queues, each by its name"))
        {
            if (!Names.IsQueue(name))
            {
                queue.Fault($"{JsonSerializer.Serialize(name)} cannot be a queue name: give 1 to 200 bytes without control characters");
            }

            queues.Add(name, ReadQueue(queue));
        }

        return queues;
    }

    private static WorkerOptions ReadQueue(ConfigNode node)
    {
        var options = new WorkerOptions();
        var members = node.Object("concurrency", "prefetch", "prefetchTime", "maxClaim", "flushSize", "flushInterval", "minPollInterval", "maxPollInterval");
        options = options with
        {
            Concurrency = Integer("concurrency", 1, 10_000) ?? options.Concurrency,
            MaxPrefetch = Integer("prefetch", 0, 100_000) ?? options.MaxPrefetch,
            PrefetchTime = Time("prefetchTime", TimeSpan.Zero, TimeSpan.FromSeconds(10)) ?? options.PrefetchTime,
            MaxClaim = Integer("maxClaim", 1, 10_000) ?? options.MaxClaim,
            FlushSize = Integer("flushSize", 1, 10_000) ?? options.FlushSize,
            FlushInterval = Time("flushInterval", TimeSpan.Zero, TimeSpan.FromSeconds(1)) ?? options.FlushInterval,
            MinPollInterval = Time("minPollInterval", TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1)) ?? options.MinPollInterval,
            MaxPollInterval = Time("maxPollInterval", TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)) ?? options.MaxPollInterval,
        };
        if (options.MaxPollInterval < options.MinPollInterval)
        {
            (members.TryGetValue("maxPollInterval", out var max) ? max : node).Fault($"the longest pause of polling, {Duration.Format(options.MaxPollInterval)}, must not be shorter than the first, {Duration.Format(options.MinPollInterval)}");
        }

        return options;

        int? Integer(string key, int min, int max) => members.TryGetValue(key, out var member) ? member.Integer(min, max) : null;
        TimeSpan? Time(string key, TimeSpan min, TimeSpan max) => members.TryGetValue(key, out var member) ? member.Time(min, max) : null;
    }

    private List<TowerTask> ReadTasks(ConfigNode root, Dictionary<string, ConfigNode> members, string folder)
    {
        const string Shape = "an object of tasks, each by its key: { \"hello-task\": { \"builtin\": \"hello-task\" } }";
        var tasks = new List<TowerTask>();
        if (!members.TryGetValue("tasks", out var node))
        {
            if (root.Value.ValueKind == JsonValueKind.Object)
            {
                root.Faults.Add(new ConfigFault("tasks", $"is missing; give {Shape}"));
            }

            return tasks;
        }

        var entries = node.Members(Shape);
        if (entries.Count == 0 && node.Value.ValueKind == JsonValueKind.Object)
        {
            node.Fault("has no task; give at least one");
        }

        var reader = new TaskReader(folder, variable);
        foreach (var (key, task) in entries)
        {
            if (reader.Read(key, task) is { } read)
            {
                tasks.Add(read);
            }
        }

        return tasks;
    }
}
