using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Steadwork.Cli.Inputs;

/// <summary>The arguments and options that name a batch.</summary>
internal static class BatchIds
{
    private const string Name = "ID";

    /// <summary>Exactly one id.</summary>
    public static Argument<BatchId> One(string description) => new(Name)
    {
        HelpName = Name,
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parse(result) ?? default,
    };

    /// <summary>An option that takes one.</summary>
    public static Option<BatchId?> Option(string name, string description) => new(name)
    {
        HelpName = Name,
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = Parse,
    };

    private static BatchId? Parse(ArgumentResult result)
    {
        if (result.Tokens is not [var token])
            return null;
        if (long.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            return new BatchId(number);
        result.AddError($"'{token.Value}' is not the id of a batch; ids are whole numbers from 1.");
        return null;
    }
}
