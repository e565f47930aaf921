namespace Steadwork.Cli.Programs;

/// <summary>Why a program was made to end.</summary>
internal enum Interruption
{
    None,
    TimedOut,
    Cancelled,
}
