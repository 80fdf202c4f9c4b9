using Xunit;

namespace PgConductor.RepositoryTests.Support;

/// <summary>Compares what the code says with a file that people have reviewed.</summary>
internal static class Approved
{
    private const string Variable = "PGCONDUCTOR_APPROVE";

    public static void Check(string path, string actual)
    {
        if (Environment.GetEnvironmentVariable(Variable) == "1")
        {
            File.WriteAllText(Repository.Full(path), actual);
        }

        var approved = File.Exists(Repository.Full(path)) ? Repository.Read(path) : "";
        Assert.True(approved == actual, $"{path} is not what the code says. {FirstDifference(approved, actual)} If the change is meant, run: {Variable}=1 ./test RepositoryTests, and commit the file.");
    }

    private static string FirstDifference(string approved, string actual)
    {
        var left = approved.Split('\n');
        var right = actual.Split('\n');
        var line = Enumerable.Range(0, Math.Max(left.Length, right.Length)).FirstOrDefault(n => left.ElementAtOrDefault(n) != right.ElementAtOrDefault(n));
        return $"Line {line + 1}: the file has \"{left.ElementAtOrDefault(line)}\", the code says \"{right.ElementAtOrDefault(line)}\".";
    }
}
