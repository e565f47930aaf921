using System.CommandLine;
using System.CommandLine.Parsing;

namespace Steadwork.Cli.Inputs;

/// <summary>The arguments and options that name a batch.</summary>
internal static class BatchIds
{
    /// <summary>Exactly one id.</summary>
    public static Argument<BatchId> One(string description) => new(Ids.Name)
    {
        HelpName = Ids.Name,
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse(result) ?? default,
    };

    /// <summary>An option that takes one.</summary>
    public static Option<BatchId?> Option(string name, string description) => new(name)
    {
        HelpName = Ids.Name,
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = Parse,
    };

    private static BatchId? Parse(ArgumentResult result) => Ids.Parse(result, "batch").Select(number => (BatchId?)new BatchId(number)).FirstOrDefault();
}
