using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace PgConductor.Cli.Output;

/// <summary>What a command says: JSON lines for programs, plain columns for pipes, tables for people.</summary>
/// <remarks>Thread-safe: a worker's events and its log share it.</remarks>
internal sealed class CommandOutput(CliEnvironment environment, bool json)
{
    internal static readonly JsonSerializerOptions JsonOptions = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private readonly Lock _gate = new();

    public bool Json => json;

    /// <summary>Whether to draw tables and progress.</summary>
    public bool Draws => environment.Interactive && !json;

    /// <summary>One document: its JSON, or its text.</summary>
    public void Write(object document, string text)
    {
        lock (_gate)
        {
            environment.Out.WriteLine(json ? JsonSerializer.Serialize(document, JsonOptions) : text);
            environment.Out.Flush();
        }
    }

    /// <summary>Text for people only.</summary>
    public void WriteText(string text)
    {
        if (!json)
        {
            lock (_gate)
            {
                environment.Out.WriteLine(text);
                environment.Out.Flush();
            }
        }
    }

    /// <summary>Items: one JSON object a line, or columns with a header.</summary>
    public void WriteList<T>(IReadOnlyCollection<T> items, string whenEmpty, params (string Header, Func<T, string> Cell)[] columns)
        where T : notnull
    {
        lock (_gate)
        {
            if (json)
            {
                foreach (var item in items)
                {
                    environment.Out.WriteLine(JsonSerializer.Serialize<object>(item, JsonOptions));
                }
            }
            else if (items.Count == 0)
            {
                environment.Error.WriteLine(whenEmpty);
            }
            else if (environment.Interactive)
            {
                Draw(items, columns);
            }
            else
            {
                WritePlain(items, columns);
            }

            environment.Out.Flush();
        }
    }

    /// <summary>Something that went wrong.</summary>
    public void WriteError(CliException error)
    {
        lock (_gate)
        {
            if (json)
            {
                var document = new { error = new { error.Code, error.Message, Faults = error.Faults.Count == 0 ? null : error.Faults } };
                environment.Error.WriteLine(JsonSerializer.Serialize(document, JsonOptions));
            }
            else
            {
                environment.Error.WriteLine($"pgconductor: {error.Message}");
                foreach (var fault in error.Faults)
                {
                    environment.Error.WriteLine($"  {fault}");
                }
            }

            environment.Error.Flush();
        }
    }

    /// <summary>A line about the work, beside its result.</summary>
    public void WriteNote(string text)
    {
        lock (_gate)
        {
            environment.Error.WriteLine(text);
            environment.Error.Flush();
        }
    }

    /// <summary>Runs long work with a progress bar, if somebody looks.</summary>
    /// <param name="title">What is being done.</param>
    /// <param name="total">How much there is of it.</param>
    /// <param name="work">Given what to call with the amount done so far.</param>
    public async Task WithProgressAsync(string title, long total, Func<Action<long>, Task> work)
    {
        if (!Draws)
        {
            await work(static _ => { });
            return;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(environment.Error) });
        await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask(Markup.Escape(title), maxValue: total);
                await work(done => bar.Value = done);
            });
    }

    private void Draw<T>(IReadOnlyCollection<T> items, (string Header, Func<T, string> Cell)[] columns)
    {
        var table = new Table().Border(TableBorder.Rounded);
        foreach (var (header, _) in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(header)));
        }

        foreach (var item in items)
        {
            table.AddRow(columns.Select(column => Markup.Escape(OneLine(column.Cell(item)))).ToArray());
        }

        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(environment.Out) }).Write(table);
    }

    private void WritePlain<T>(IReadOnlyCollection<T> items, (string Header, Func<T, string> Cell)[] columns)
    {
        var rows = new List<string[]> { columns.Select(column => column.Header.ToUpperInvariant()).ToArray() };
        rows.AddRange(items.Select(item => columns.Select(column => OneLine(column.Cell(item))).ToArray()));
        var widths = columns.Select((_, i) => rows.Max(row => row[i].Length)).ToArray();
        foreach (var row in rows)
        {
            environment.Out.WriteLine(string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
        }
    }

    /// <summary>A cell is one line: what others wrote must neither break rows nor steer the terminal.</summary>
    private static string OneLine(string text) => text.Length == 0 ? "-" : string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character));
}
