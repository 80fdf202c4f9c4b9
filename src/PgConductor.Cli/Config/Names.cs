using System.Text;

namespace PgConductor.Cli.Config;

/// <summary>What can be a name; the engine says the same, but only once it runs.</summary>
internal static class Names
{
    public static bool IsQueue(string name) => name.Length > 0 && Encoding.UTF8.GetByteCount(name) <= 200 && !name.Any(char.IsControl);

    public static bool IsTask(string key) => key.Length > 0 && key != "?" && Encoding.UTF8.GetByteCount(key) <= 200 && !key.Any(char.IsControl);
}
