using Steadwork.Cli.Outputs;
using Steadwork.Storage;

namespace Steadwork.Cli.Shell;

/// <summary>The one place where an exception becomes an exit status and a line on standard error.</summary>
internal static class Failures
{
    /// <summary>Tells of an error. With <c>--verbose</c> among the arguments its stack trace follows.</summary>
    /// <returns>The exit status that it stands for.</returns>
    public static int Report(Exception error, IReadOnlyList<string> arguments)
    {
        // These two only say that something else went wrong.
        while (error is TypeInitializationException or AggregateException && error.InnerException is { } cause)
            error = cause;
        if (error is not OperationCanceledException)
            Say(error.Message);
        if (arguments.TakeWhile(argument => argument != "--").Contains(GlobalOptions.VerboseName))
            Console.Error.WriteLine(PlainText.Lines(error.ToString()));
        return StatusOf(error);
    }

    /// <summary>One line on standard error, whatever the text holds.</summary>
    public static void Say(string text) => Console.Error.WriteLine("steadwork: " + PlainText.Line(text));

    private static int StatusOf(Exception error) => error switch
    {
        Refusal refusal => refusal.Status,
        ParentMissingException or UniqueKeyTakenException or BatchNotOpenException => ExitStatus.Refused,
        StoreUnavailableException => ExitStatus.StoreUnavailable,
        OperationCanceledException => ExitStatus.Interrupted,
        _ => ExitStatus.WorkFailed,
    };
}
