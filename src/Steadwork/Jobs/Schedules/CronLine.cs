using System.Diagnostics.CodeAnalysis;

namespace Steadwork;

/// <summary>A cron line: the local times at which a schedule ticks.</summary>
/// <remarks>
/// <para>Five fields, minute, hour, day of the month, month, day of the week; or six with seconds first. A field is <c>*</c> or a list
/// of values, ranges (<c>9-17</c>) and steps (<c>*/15</c>, <c>5-50/10</c>; <c>7/20</c> goes from 7 to the end). Months and days of
/// the week have names in any case (<c>JAN</c>, <c>MON</c>); Sunday is 0 and 7, and ranges of days of the week go round (<c>FRI-MON</c>).</para>
/// <para>Days of the month also: <c>L</c> the last, <c>L-3</c> the third before it, <c>LW</c> the last working day, <c>15W</c> the working
/// day nearest to the 15th in its month. Days of the week also: <c>MON#2</c> the second Monday, <c>FRIL</c> the last Friday. <c>?</c> is
/// <c>*</c> in both.</para>
/// <para>When neither of the two day fields begins with <c>*</c>, a day counts that either of them names; else both must name it: the
/// rule of Vixie cron, crontab(5).</para>
/// <para>Or a macro: <c>@yearly</c> (<c>@annually</c>), <c>@monthly</c>, <c>@weekly</c>, <c>@daily</c> (<c>@midnight</c>), <c>@hourly</c>.</para>
/// </remarks>
public sealed record CronLine
{
    private const int MaxLength = 500;

    private CronLine(string text)
    {
        if (text.Length > MaxLength)
            throw new FormatException($"A cron line has at most {MaxLength} characters; this one has {text.Length}.");
        var fields = Fields(text);
        Text = text;
        Pattern = CronPattern.Parse(fields);
        IsTimeOfDay = !fields[1..3].Any(field => field.AsSpan().ContainsAny("*/-"));
        if (!Pattern.Comes)
            throw new FormatException($"'{text}' never comes, for no year has such a day; its months must have its days.");
    }

    /// <summary>The line as it was written.</summary>
    public string Text { get; }

    /// <summary>
    /// Whether the line names fixed times of the day, with no <c>*</c>, range or step in its minutes and hours: those tick once each,
    /// however the clocks are changed. All others tick as the time goes by.
    /// </summary>
    public bool IsTimeOfDay { get; }

    internal CronPattern Pattern { get; }

    /// <summary>Reads a cron line.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong and what would be right.</exception>
    public static CronLine Parse(string text) => new(text ?? throw new ArgumentNullException(nameof(text)));

    /// <summary>Reads a cron line, or says why it is none.</summary>
    /// <param name="text">The line.</param>
    /// <param name="line">What it says.</param>
    /// <param name="refusal">What is wrong with it and what would be right, in a sentence.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CronLine? line, [NotNullWhen(false)] out string? refusal)
    {
        try
        {
            (line, refusal) = (Parse(text ?? ""), null);
            return true;
        }
        catch (FormatException wrong)
        {
            (line, refusal) = (null, wrong.Message);
            return false;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static string[] Fields(string text) => text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) switch
    {
        [['@', ..] macro] => Fields(Meaning(macro)),
        { Length: 5 } fields => ["0", .. fields],
        { Length: 6 } fields => fields,
        [] => throw new FormatException("The cron line is empty; it has five fields (minute, hour, day of the month, month, day of the week), as in '0 6 * * MON-FRI'."),
        var fields => throw new FormatException(
            $"'{text}' has {fields.Length} {(fields.Length == 1 ? "field" : "fields")}; a cron line has five (minute, hour, day of the month, month, day of the week) or six with seconds first."),
    };

    private static string Meaning(string macro) => macro.ToLowerInvariant() switch
    {
        "@yearly" or "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" or "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => throw new FormatException($"'{macro}' is no macro; there are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly."),
    };
}
