using System.CommandLine;
using System.CommandLine.Parsing;

namespace Steadwork.Cli.Inputs;

/// <summary>The arguments that name jobs.</summary>
internal static class JobIds
{
    /// <summary>Exactly one id.</summary>
    public static Argument<JobId> One(string description) => new(Ids.Name)
    {
        HelpName = Ids.Name,
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse(result).FirstOrDefault(),
    };

    /// <summary>Any number of ids; one that is repeated counts once.</summary>
    public static Argument<JobId[]> Any(string description) => new(Ids.Name)
    {
        HelpName = Ids.Name,
        Description = description,
        Arity = ArgumentArity.ZeroOrMore,
        DefaultValueFactory = _ => [],
        CustomParser = result => [.. Parse(result).Distinct()],
    };

    /// <inheritdoc cref="Ids.Parse"/>
    public static IEnumerable<JobId> Parse(ArgumentResult result) => Ids.Parse(result, "job").Select(number => new JobId(number));
}
