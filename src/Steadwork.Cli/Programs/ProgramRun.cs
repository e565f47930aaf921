using System.Diagnostics;

namespace Steadwork.Cli.Programs;

/// <summary>Runs a program from start to end on the caller's thread.</summary>
internal static class ProgramRun
{
    /// <summary>
    /// Returns when the program has ended; when the time-out or the cancellation ended it, then with all its descendants.
    /// Children that a program leaves behind when it ends by itself are left alone.
    /// </summary>
    /// <exception cref="ProgramNotStarted">The program never ran.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled before it was started.</exception>
    public static ProgramEnd Run(ProgramStart start, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Captured? stdout = null, stderr = null;
        try
        {
            using ProgramInput stdin = ProgramInput.Of(start.StandardInput);
            using var cancelled = new CancellationSignal(cancellation);
            stdout = Captured.Create(start.OutputDirectory, "out");
            stderr = Captured.Create(start.OutputDirectory, "err");
            DateTimeOffset started = TimeProvider.System.GetUtcNow();
            long clock = Stopwatch.GetTimestamp();
            using RunningProgram program = RunningProgram.Start(start, stdin.Descriptor, stdout.Descriptor, stderr.Descriptor);
            Interruption interruption = program.WaitForEnd(Deadline.In(start.Timeout), cancelled.Descriptor);
            if (interruption != Interruption.None)
            {
                program.End(start.HasNoGrace() ? TimeSpan.Zero : start.KillGrace);
            }
            else
            {
                program.EndLeftOversOfFailure();
            }

            int status = program.Reap();
            program.AwaitLeftOvers();
            TimeSpan elapsed = Stopwatch.GetElapsedTime(clock);
            stdout.Close();
            stderr.Close();
            int signal = status & 0x7F;
            return new ProgramEnd
            {
                ExitCode = signal == 0 ? (status >> 8) & 0xFF : 128 + signal,
                Signal = signal,
                TimedOut = interruption == Interruption.TimedOut,
                Cancelled = interruption == Interruption.Cancelled,
                StandardOutput = stdout,
                StandardError = stderr,
                Started = started,
                Elapsed = elapsed,
            };
        }
        catch
        {
            stdout?.Dispose();
            stderr?.Dispose();
            throw;
        }
    }
}
