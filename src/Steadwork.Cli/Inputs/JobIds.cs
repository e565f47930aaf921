using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Steadwork.Cli.Inputs;

/// <summary>The arguments that name jobs.</summary>
internal static class JobIds
{
    private const string Name = "ID";

    /// <summary>Exactly one id.</summary>
    public static Argument<JobId> One(string description) => new(Name)
    {
        HelpName = Name,
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse(result).FirstOrDefault(),
    };

    /// <summary>Any number of ids; one that is repeated counts once.</summary>
    public static Argument<JobId[]> Any(string description) => new(Name)
    {
        HelpName = Name,
        Description = description,
        Arity = ArgumentArity.ZeroOrMore,
        DefaultValueFactory = _ => [],
        CustomParser = result => [.. Parse(result).Distinct()],
    };

    /// <summary>The ids that stand there; what is none is an error.</summary>
    public static IEnumerable<JobId> Parse(ArgumentResult result)
    {
        foreach (var token in result.Tokens)
        {
            if (long.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
                yield return new JobId(number);
            else
                result.AddError($"'{token.Value}' is not the id of a job; ids are whole numbers from 1.");
        }
    }
}
