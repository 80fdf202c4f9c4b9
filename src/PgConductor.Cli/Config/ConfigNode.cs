using System.Globalization;
using System.Text.Json;

namespace PgConductor.Cli.Config;

/// <summary>A place in a config file, which knows its path and notes what is wrong there. Reading goes on after a fault.</summary>
internal readonly struct ConfigNode(JsonElement value, string path, List<ConfigFault> faults)
{
    public JsonElement Value => value;

    public string Path => path;

    public List<ConfigFault> Faults => faults;

    public void Fault(string message) => faults.Add(new ConfigFault(path, message));

    /// <summary>The members, in order. Faults: not an object, a key given twice.</summary>
    public IReadOnlyList<(string Key, ConfigNode Node)> Members(string shape)
    {
        var members = new List<(string, ConfigNode)>();
        if (value.ValueKind != JsonValueKind.Object)
        {
            Fault($"{Shown(value)} must be {shape}");
            return members;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            var node = new ConfigNode(property.Value, Join(property.Name), faults);
            if (seen.Add(property.Name))
            {
                members.Add((property.Name, node));
            }
            else
            {
                node.Fault("the key is given twice; remove one");
            }
        }

        return members;
    }

    /// <summary>The members of an object with fixed keys. Faults: an unknown key too.</summary>
    public Dictionary<string, ConfigNode> Object(params string[] known)
    {
        var members = new Dictionary<string, ConfigNode>(StringComparer.Ordinal);
        foreach (var (key, node) in Members($"an object with {string.Join(", ", known)}"))
        {
            if (known.Contains(key, StringComparer.Ordinal))
            {
                members.Add(key, node);
            }
            else
            {
                node.Fault($"the key \"{key}\" is not known; the keys here are {string.Join(", ", known)}");
            }
        }

        return members;
    }

    public string? Text(string shape, Func<string, bool>? accepts = null)
    {
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text && (accepts is null || accepts(text)))
        {
            return text;
        }

        Fault($"{Shown(value)} must be {shape}");
        return null;
    }

    public int? Integer(int min, int max)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max)
        {
            return number;
        }

        Fault(string.Create(CultureInfo.InvariantCulture, $"{Shown(value)} must be a whole number from {min} to {max}"));
        return null;
    }

    public double? Number(double min, double max)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= min && number <= max)
        {
            return number;
        }

        Fault(string.Create(CultureInfo.InvariantCulture, $"{Shown(value)} must be a number from {min} to {max}"));
        return null;
    }

    public bool? Boolean()
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Fault($"{Shown(value)} must be true or false");
        return null;
    }

    public TimeSpan? Time(TimeSpan min, TimeSpan max)
    {
        if (value.ValueKind != JsonValueKind.String || !Duration.TryParse(value.GetString()!, out var time))
        {
            Fault($"{Shown(value)} is not a duration; {Duration.Remedy}");
            return null;
        }

        if (time < min || time > max)
        {
            Fault($"{Shown(value)} must be {Duration.Format(min)} to {Duration.Format(max)}");
            return null;
        }

        return time;
    }

    /// <summary>The items, in order. Faults: not an array, or an empty one.</summary>
    public IReadOnlyList<ConfigNode> Items(string shape)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            Fault($"{Shown(value)} must be {shape}");
            return [];
        }

        var here = this;
        return [.. value.EnumerateArray().Select((item, i) => new ConfigNode(item, string.Create(CultureInfo.InvariantCulture, $"{here.Path}[{i}]"), here.Faults))];
    }

    private static string Shown(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length > 80 ? $"{text.AsSpan(0, 77)}..." : text;
    }

    private string Join(string key)
    {
        var plain = key.Length > 0 && key.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '$');
        var step = plain ? key : $"[{JsonSerializer.Serialize(key)}]";
        return path.Length == 0 ? step : plain ? $"{path}.{step}" : path + step;
    }
}
