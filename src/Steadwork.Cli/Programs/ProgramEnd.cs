namespace Steadwork.Cli.Programs;

/// <summary>How a program ended. Disposing deletes the captured output that was not kept.</summary>
internal sealed record ProgramEnd : IDisposable
{
    /// <summary>0 to 255; 128 + the signal for a death by signal, as shells have it.</summary>
    public required int ExitCode { get; init; }

    /// <summary>The signal that ended it, or 0.</summary>
    public required int Signal { get; init; }

    public required bool TimedOut { get; init; }

    public required bool Cancelled { get; init; }

    public required Captured StandardOutput { get; init; }

    public required Captured StandardError { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required TimeSpan Elapsed { get; init; }

    public void Dispose()
    {
        StandardOutput.Dispose();
        StandardError.Dispose();
    }
}
