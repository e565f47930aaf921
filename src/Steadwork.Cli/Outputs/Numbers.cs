using System.Globalization;

namespace Steadwork.Cli.Outputs;

/// <summary>Numbers for people.</summary>
internal static class Numbers
{
    /// <summary>With a separator every three digits.</summary>
    public static string Format(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number of things: <c>1 item</c>, <c>2 items</c>.</summary>
    public static string Count(long number, string thing) => $"{Format(number)} {thing}{(number == 1 ? "" : "s")}";
}
