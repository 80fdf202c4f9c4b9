using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using PgConductor.Cli.Config;

namespace PgConductor.Cli.Commands;

/// <summary>Arguments and options of kinds that several commands take, with errors that name the value and the remedy.</summary>
internal static class Arguments
{
    public static Argument<Guid> Id(string what) => new("ID")
    {
        Description = $"The {what}'s id.",
        CustomParser = result => ParseId(result, what),
    };

    public static Argument<string> QueueName() => new("QUEUE") { Description = "The queue's name." };

    public static Option<Guid?> BeforeId() => new("--before")
    {
        Description = "The next page: only executions older than this id, the last one of the page before.",
        HelpName = "ID",
        CustomParser = result => ParseId(result, "execution"),
    };

    public static Option<int> Integer(string name, string description, int defaultValue, int min, int max)
    {
        var option = new Option<int>(name)
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"{description} {min} to {max}."),
            HelpName = "N",
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => ParseInteger(result, name, min, max),
        };
        return option;
    }

    public static Option<int?> OptionalInteger(string name, string description, int min, int max) => new(name)
    {
        Description = string.Create(CultureInfo.InvariantCulture, $"{description} {min} to {max}."),
        HelpName = "N",
        CustomParser = result => ParseInteger(result, name, min, max),
    };

    public static Option<TimeSpan?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Duration.TryParse(text, out var duration))
            {
                return duration;
            }

            result.AddError($"{name} \"{text}\" is not a duration; {Duration.Remedy}.");
            return null;
        },
    };

    /// <summary>One of the names of an enumeration, written as the other tools write it.</summary>
    public static Option<T?> Choice<T>(string name, string description, IReadOnlyDictionary<string, T> values, string helpName)
        where T : struct => new(name)
        {
            Description = $"{description} One of {string.Join(", ", values.Keys)}.",
            HelpName = helpName,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (values.TryGetValue(text, out var value))
                {
                    return value;
                }

                result.AddError($"{name} \"{text}\" is not known; give one of {string.Join(", ", values.Keys)}.");
                return null;
            },
        };

    private static Guid ParseId(ArgumentResult result, string what)
    {
        var text = result.Tokens[0].Value;
        if (Guid.TryParse(text, out var id))
        {
            return id;
        }

        result.AddError($"\"{text}\" is not an id of an {what}: give a UUID.");
        return default;
    }

    private static int ParseInteger(ArgumentResult result, string name, int min, int max)
    {
        var text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} \"{text}\" must be a whole number from {min} to {max}."));
        return min;
    }
}
