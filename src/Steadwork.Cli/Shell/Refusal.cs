namespace Steadwork.Cli.Shell;

/// <summary>Ends the program with one line that says what was wrong and what would be right.</summary>
internal sealed class Refusal : Exception
{
    public Refusal(string message, int status = ExitStatus.Refused, Exception? cause = null)
        : base(message, cause) => Status = status;

    public int Status { get; }
}
