using System.Text.Json;

namespace PgConductor.Cli.Config;

/// <summary>Reads one task of a config file.</summary>
internal sealed class TaskReader(string folder, Func<string, string?> variable)
{
    private const string Kinds = "give exactly one of \"builtin\", \"command\" and \"http\"";
    private static readonly string[] _kinds = ["builtin", "command", "http"];
    private static readonly string[] _commandOnly = ["doNotRetryExitCodes", "killGrace"];
    private static readonly TimeSpan _longest = TimeSpan.FromDays(36_525);

    public TowerTask? Read(string key, ConfigNode node)
    {
        if (!Names.IsTask(key))
        {
            node.Fault($"{JsonSerializer.Serialize(key)} cannot be a task key: give 1 to 200 bytes without control characters, not \"?\"");
        }

        var members = node.Object([.. _kinds, "queue", "maxAttempts", "timeout", "backoff", "backoffJitter", "keepCompleted", "keepFailed", "keepLogs", "windows", "timeZone", "limits", .. _commandOnly]);
        var options = ReadOptions(members);
        var body = ReadBody(node, members);
        if (body is HttpBody && options.Timeout is null)
        {
            // A service that never answers must not hold a slot for ever.
            options = options with { Timeout = HttpBody.DefaultTimeout };
        }

        return body is null ? null : new TowerTask(key, options, body);
    }

    private static TaskOptions ReadOptions(Dictionary<string, ConfigNode> members)
    {
        var options = TaskOptions.Default;
        if (members.TryGetValue("queue", out var queue) && queue.Text("a queue name: 1 to 200 bytes without control characters", Names.IsQueue) is { } name)
        {
            options = options with { Queue = name };
        }

        return options with
        {
            MaxAttempts = members.TryGetValue("maxAttempts", out var attempts) ? attempts.Integer(1, short.MaxValue) : null,
            Timeout = members.TryGetValue("timeout", out var timeout) ? timeout.Time(TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(24)) : null,
            Backoff = members.TryGetValue("backoff", out var backoff) ? ReadBackoff(backoff) : null,
            BackoffJitter = members.TryGetValue("backoffJitter", out var jitter) ? jitter.Number(0, 1) : null,
            KeepCompleted = members.TryGetValue("keepCompleted", out var completed) ? ReadRetention(completed) : null,
            KeepFailed = members.TryGetValue("keepFailed", out var failed) ? ReadRetention(failed) : null,
            Limits = members.TryGetValue("limits", out var limits) ? LimitsReader.Read(limits) : null,
            KeepLogs = members.TryGetValue("keepLogs", out var logs) ? ReadRetention(logs) : null,
            Windows = members.TryGetValue("windows", out var windows) ? ReadWindows(windows) : null,
            TimeZone = members.TryGetValue("timeZone", out var zone) ? zone.Text("an IANA time zone, such as \"Europe/Berlin\"") : null,
        };
    }

    private static TimeSpan[] ReadBackoff(ConfigNode node) =>
        [.. node.Items("an array of durations, such as [\"15s\", \"1m\"]").Select(item => item.Time(TimeSpan.Zero, _longest) ?? default)];

    private static ExecutionWindow[] ReadWindows(ConfigNode node)
    {
        if (node.Value.ValueKind == JsonValueKind.Array && node.Value.GetArrayLength() == 0)
        {
            return [];
        }

        var windows = new List<ExecutionWindow>();
        foreach (var item in node.Items("an array of windows, such as [\"mon-fri 22:00-06:00\"]"))
        {
            try
            {
                if (item.Text("a window such as \"mon-fri 22:00-06:00\"") is { } text)
                {
                    windows.Add(ExecutionWindow.Parse(text));
                }
            }
            catch (ConductorException exception)
            {
                item.Fault(exception.Message);
            }
        }

        if (windows.Count > 100)
        {
            node.Fault($"has {windows.Count} windows; at most 100 are possible");
        }

        return [.. windows];
    }

    private static Retention? ReadRetention(ConfigNode node)
    {
        switch (node.Value.ValueKind == JsonValueKind.String ? node.Value.GetString() : null)
        {
            case "none":
                return Retention.None;
            case "forever":
                return Retention.Forever;
            case { } text when !Duration.TryParse(text, out _):
                node.Fault($"{JsonSerializer.Serialize(text)} must be \"none\", \"forever\" or a duration such as \"1d\"");
                return null;
            default:
                return node.Time(TimeSpan.FromSeconds(1), _longest) is { } time ? Retention.For(time) : null;
        }
    }

    private TaskBody? ReadBody(ConfigNode node, Dictionary<string, ConfigNode> members)
    {
        string[] given = [.. _kinds.Where(members.ContainsKey)];
        if (given.Length != 1)
        {
            if (node.Value.ValueKind == JsonValueKind.Object)
            {
                node.Fault(given.Length == 0 ? $"does not say what it does; {Kinds}" : $"has {string.Join(" and ", given)}; {Kinds}");
            }

            return null;
        }

        if (given[0] != "command")
        {
            foreach (var key in _commandOnly.Where(members.ContainsKey))
            {
                members[key].Fault($"belongs to command tasks; this one is \"{given[0]}\"");
            }
        }

        return given[0] switch
        {
            "builtin" => ReadBuiltIn(members["builtin"]),
            "command" => ReadCommand(members),
            _ => ReadHttp(members["http"]),
        };
    }

    private static BuiltInBody? ReadBuiltIn(ConfigNode node) =>
        node.Text($"one of {string.Join(", ", BuiltInBody.Names)}", name => BuiltInBody.Names.Contains(name, StringComparer.Ordinal)) is { } name ? new BuiltInBody(name) : null;

    private CommandBody? ReadCommand(Dictionary<string, ConfigNode> members)
    {
        var grace = members.TryGetValue("killGrace", out var node) ? node.Time(TimeSpan.Zero, TimeSpan.FromMinutes(10)) : null;
        var doNotRetry = members.TryGetValue("doNotRetryExitCodes", out var codes) ? ReadExitCodes(codes) : [CommandBody.DefaultDoNotRetry];
        var words = new List<string>();
        var items = members["command"].Items("an array of the program and its arguments, such as [\"./digest.sh\", \"--fast\"]");
        foreach (var item in items)
        {
            // An empty argument is fine; an empty program is not.
            if (item.Value.ValueKind == JsonValueKind.String && item.Value.GetString() is { } word && !word.Contains('\0', StringComparison.Ordinal) && (word.Length > 0 || words.Count > 0))
            {
                words.Add(word);
            }
            else
            {
                item.Fault($"{item.Value.GetRawText()} must be a text without U+0000{(words.Count == 0 ? ", the program first" : "")}");
                return null;
            }
        }

        if (items.Count == 0)
        {
            return null;
        }

        if (ProgramPath.Find(words[0], folder, variable, out var fault) is not { } program)
        {
            items[0].Fault(fault!);
            return null;
        }

        return new CommandBody(program, words[1..], doNotRetry, grace ?? CommandBody.DefaultKillGrace);
    }

    private static HashSet<int> ReadExitCodes(ConfigNode node)
    {
        if (node.Value.ValueKind == JsonValueKind.Array && node.Value.GetArrayLength() == 0)
        {
            return [];
        }

        return [.. node.Items("an array of exit codes, such as [100]").Select(item => item.Integer(1, 255) ?? 0)];
    }

    private static HttpBody? ReadHttp(ConfigNode node)
    {
        var members = node.Object("url", "headers");
        var headers = members.TryGetValue("headers", out var list) ? ReadHeaders(list) : [];
        if (!members.TryGetValue("url", out var url))
        {
            if (node.Value.ValueKind == JsonValueKind.Object)
            {
                node.Faults.Add(new ConfigFault($"{node.Path}.url", "is missing; give the address to POST to"));
            }

            return null;
        }

        Uri? address = null;
        var text = url.Text(
            "an absolute http or https address, such as \"http://127.0.0.1:8080/hook\"",
            value => Uri.TryCreate(value, UriKind.Absolute, out address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps));
        return text is null ? null : new HttpBody(address!, headers);
    }

    private static Dictionary<string, string> ReadHeaders(ConfigNode node)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in node.Members("an object of headers, such as { \"Authorization\": \"Bearer ...\" }"))
        {
            if (name.Length == 0 || !name.All(character => char.IsAsciiLetterOrDigit(character) || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal)))
            {
                value.Fault($"{JsonSerializer.Serialize(name)} cannot be a header's name");
            }
            else if (name.StartsWith("content-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("pgconductor-", StringComparison.OrdinalIgnoreCase) || Reserved(name))
            {
                value.Fault($"the header \"{name}\" is set by pgconductor; remove it");
            }
            else if (value.Text("a text of visible ASCII characters", text => text.All(character => character is >= ' ' and <= '~' or '\t')) is { } text && !headers.TryAdd(name, text))
            {
                value.Fault("the header is given twice (header names are the same in any case); remove one");
            }
        }

        return headers;

        static bool Reserved(string name) =>
            name.Equals("Host", StringComparison.OrdinalIgnoreCase) || name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) || name.Equals("Connection", StringComparison.OrdinalIgnoreCase);
    }
}
