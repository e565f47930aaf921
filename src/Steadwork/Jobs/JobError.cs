namespace Steadwork;

/// <summary>Why an attempt did not succeed, as it is kept with the job.</summary>
/// <param name="Type">What kind of error: an exception's full name, or a word such as <c>exit-code</c>, <c>timeout</c>, <c>crash</c>.</param>
/// <param name="Message">One sentence for people.</param>
/// <param name="Stack">The stack trace, or the end of the program's error output; null when there is none.</param>
public sealed record JobError(string Type, string Message, string? Stack = null)
{
    private const char Nul = '\0', NulShown = '\u2400';

    /// <summary>What kind of error.</summary>
    public string Type { get; init; } = Shown(Type)!;

    /// <summary>One sentence for people. A character NUL, which not every store can search for, stands in it as ␀.</summary>
    public string Message { get; init; } = Shown(Message)!;

    /// <summary>The stack trace, or the end of the program's error output; null when there is none.</summary>
    public string? Stack { get; init; } = Shown(Stack);

    /// <summary>A longer message or stack is cut: an error text must not outgrow the job it belongs to.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>The error that an exception stands for.</summary>
    public static JobError From(Exception exception) =>
        new(exception.GetType().FullName ?? exception.GetType().Name, Cut(exception.Message)!, Cut(exception.ToString()));

    private static string? Shown(string? text) => text?.Replace(Nul, NulShown);

    private static string? Cut(string? text) => text?.Length > MaxLength ? text[..MaxLength] + "…" : text;
}
