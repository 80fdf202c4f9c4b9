using System.Text.Json;

namespace PgConductor.Cli.Commands;

/// <summary>Reads the payload an invoke is given.</summary>
internal static class PayloadReader
{
    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 1000 };

    public static JsonElement Read(CliEnvironment environment, string? text, string? file)
    {
        try
        {
            if (file is null)
            {
                return Parse(JsonDocument.Parse(text ?? "{}", _options));
            }

            using var stream = file == "-" ? environment.OpenInput() : File.OpenRead(Path.GetFullPath(file, environment.WorkingDirectory));
            return Parse(JsonDocument.Parse(stream, _options));
        }
        catch (JsonException exception)
        {
            var source = file switch
            {
                null => $"--payload '{(text!.Length > 60 ? $"{text.AsSpan(0, 57)}..." : text)}'",
                "-" => "The payload on standard input",
                _ => $"The payload in \"{file}\"",
            };
            throw CliException.Usage($"{source} is not JSON: {exception.Message.Split(" LineNumber:", 2)[0]} Give a JSON value, for example '{{\"msg\":\"hi\"}}'.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"The payload file cannot be read: {exception.Message}");
        }
    }

    private static JsonElement Parse(JsonDocument document)
    {
        using (document)
        {
            return document.RootElement.Clone();
        }
    }
}
