using System.Text;

namespace PgConductor.Bench.Plots;

/// <summary>"plot FILE --out FOLDER": a drawing for each axis that the workload growth measured, and a page with the figures.</summary>
internal static class PlotCommand
{
    public const string Verb = "plot";

    private const string Usage = "bench/run plot FILE.jsonl --out FOLDER";

    /// <exception cref="BenchException">The arguments or the file cannot be used; nothing was written.</exception>
    public static int Run(IReadOnlyList<string> args)
    {
        if (args is not [var file, "--out", var folder] || file.StartsWith('-'))
        {
            throw new BenchException($"\"{Verb} {string.Join(' ', args)}\" is not \"{Usage}\".");
        }

        // All is drawn before anything is written.
        var series = PlotFile.Read(file);
        var files = series.Select(one => ($"{one.Axis}.svg", GrowthDrawing.Draw(one))).Append(("figures.md", FiguresPage.Write(series))).ToList();
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var (name, text) in files)
            {
                File.WriteAllText(Path.Combine(folder, name), text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"the folder \"{folder}\" cannot be written to: {exception.Message}");
        }

        Console.WriteLine($"{series.Sum(one => one.Points.Count)} points in {series.Count} drawings: {string.Join(", ", files.Select(entry => Path.Combine(folder, entry.Item1)))}");
        return 0;
    }
}
