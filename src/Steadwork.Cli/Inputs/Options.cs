using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Steadwork.Cli.Inputs;

/// <summary>Makes options whose values are checked while the command line is parsed, with errors that say what would be right.</summary>
internal static class Options
{
    /// <summary>An option that takes any text.</summary>
    public static Option<string?> Text(string name, string value, string description) => new(name) { HelpName = value, Description = description };

    /// <summary>An option that may be repeated.</summary>
    public static Option<string[]> Texts(string name, string value, string description) => new(name)
    {
        HelpName = value,
        Description = description,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
    };

    /// <summary>An option that names a job, and may be repeated.</summary>
    public static Option<JobId[]> Jobs(string name, string description) => new(name)
    {
        HelpName = "ID",
        Description = description,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
        CustomParser = result => [.. JobIds.Parse(result)],
    };

    /// <summary>An option that is there or not.</summary>
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    /// <summary>An option that takes a duration such as <c>30s</c>.</summary>
    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        HelpName = "D",
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse<TimeSpan>(result, name, (string text, out TimeSpan value) => Inputs.Duration.TryParse(text, out value)),
    };

    /// <summary>An option that takes a whole number within bounds.</summary>
    public static Option<int?> Number(string name, string description, int least, int most) => new(name)
    {
        HelpName = "N",
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse<int>(result, name, (string text, out int value) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= least && value <= most
                ? null
                : $"'{text}' is not a whole number from {least} to {most}."),
    };

    /// <summary>An option that takes a point in time.</summary>
    public static Option<DateTimeOffset?> Time(string name, string description) => new(name)
    {
        HelpName = "TIME",
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse<DateTimeOffset>(result, name, PointInTime.TryParse),
    };

    /// <summary>An option that takes one of the job states.</summary>
    public static Option<JobState?> State(string name, string description) => new(name)
    {
        HelpName = "STATE",
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse<JobState>(result, name, (string text, out JobState state) =>
            JobStates.TryParse(text, out state) ? null : $"'{text}' is not a state; the states are {string.Join(", ", JobStates.All.Select(known => known.Name()))}."),
    };

    /// <summary>An option that takes one of some names.</summary>
    public static Option<T?> Choice<T>(string name, string value, string description, IReadOnlyList<(string Name, T Value)> choices)
        where T : struct => new(name)
    {
        HelpName = value,
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse<T>(result, name, (string text, out T chosen) =>
        {
            var choice = choices.FirstOrDefault(choice => choice.Name == text);
            chosen = choice.Value;
            return choice.Name is not null ? null : $"'{text}' is not one of {string.Join(", ", choices.Select(known => known.Name))}.";
        }),
    };

    private delegate string? Reading<T>(string text, out T value);

    private static T? Parse<T>(ArgumentResult result, string name, Reading<T> read)
        where T : struct
    {
        if (result.Tokens is not [var token])
            return null;
        if (read(token.Value, out var value) is not { } refusal)
            return value;
        result.AddError($"{name}: {refusal}");
        return null;
    }
}
