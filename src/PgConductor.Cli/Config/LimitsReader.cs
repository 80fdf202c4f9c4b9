using System.Text.Json;

namespace PgConductor.Cli.Config;

/// <summary>Reads a task's limits.</summary>
internal static class LimitsReader
{
    private const int Most = 1_000_000;
    private const int MostTokens = 1_000_000_000;
    private static readonly string[] _perKey = ["concurrencyPerKey", "ratePerKey", "fair"];

    public static TaskLimits? Read(ConfigNode node)
    {
        if (node.Value.ValueKind == JsonValueKind.Null)
        {
            return TaskLimits.None;
        }

        var members = node.Object(["concurrency", "rate", "key", .. _perKey]);
        var limits = new TaskLimits
        {
            Concurrency = members.TryGetValue("concurrency", out var concurrency) ? concurrency.Integer(1, Most) : null,
            Rate = members.TryGetValue("rate", out var rate) ? ReadRate(rate) : null,
            Key = members.TryGetValue("key", out var key) ? key.Text("a path into the payload, such as \"customer.id\"", IsPath) : null,
            ConcurrencyPerKey = members.TryGetValue("concurrencyPerKey", out var perKey) ? perKey.Integer(1, Most) : null,
            RatePerKey = members.TryGetValue("ratePerKey", out var ratePerKey) ? ReadRate(ratePerKey) : null,
            Fair = members.TryGetValue("fair", out var fair) && (fair.Boolean() ?? false),
        };
        var isPerKey = members.ContainsKey("concurrencyPerKey") || members.ContainsKey("ratePerKey") || limits.Fair;
        if (isPerKey != members.ContainsKey("key"))
        {
            node.Fault(isPerKey ? "has limits per key, or fair, without a \"key\"; say where it is in the payload" : $"has a \"key\" and nothing for it; give one of {string.Join(", ", _perKey)}");
        }

        return limits;
    }

    private static RateLimit? ReadRate(ConfigNode node)
    {
        var members = node.Object("count", "period", "burst");
        var count = Needed(node, members, "count")?.Integer(1, MostTokens);
        var period = Needed(node, members, "period")?.Time(TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(365));
        var burst = members.TryGetValue("burst", out var given) ? given.Integer(1, MostTokens) : null;
        return count is { } number && period is { } time ? new RateLimit(number, time) { Burst = burst } : null;
    }

    private static ConfigNode? Needed(ConfigNode node, Dictionary<string, ConfigNode> members, string name)
    {
        if (members.TryGetValue(name, out var member))
        {
            return member;
        }

        if (node.Value.ValueKind == JsonValueKind.Object)
        {
            node.Faults.Add(new ConfigFault($"{node.Path}.{name}", "is missing"));
        }

        return null;
    }

    private static bool IsPath(string path) => path.Split('.') is { Length: <= 20 } names && names.All(name => name.Length > 0) && path.Length <= 300 && !path.Contains('\0', StringComparison.Ordinal);
}
