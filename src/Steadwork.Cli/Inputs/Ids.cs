using System.CommandLine.Parsing;
using System.Globalization;

namespace Steadwork.Cli.Inputs;

/// <summary>The numbers by which things are named.</summary>
internal static class Ids
{
    /// <summary>The help's word for one.</summary>
    public const string Name = "ID";

    /// <summary>The ids that stand there; what is none is an error.</summary>
    /// <param name="result">Where.</param>
    /// <param name="what">What they name.</param>
    public static IEnumerable<long> Parse(ArgumentResult result, string what)
    {
        foreach (var token in result.Tokens)
        {
            if (long.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
                yield return number;
            else
                result.AddError($"'{token.Value}' is not the id of a {what}; ids are whole numbers from 1.");
        }
    }
}
