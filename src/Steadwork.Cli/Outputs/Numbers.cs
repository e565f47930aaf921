using System.Globalization;

namespace Steadwork.Cli.Outputs;

/// <summary>Numbers for people.</summary>
internal static class Numbers
{
    /// <summary>With a separator every three digits.</summary>
    public static string Format(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
