using System.Runtime.InteropServices;
using Steadwork.Workers.Recovery;

namespace Steadwork.Cli.Programs;

/// <summary>
/// A started program, the leader of its own process group. It is reaped last of all: until then its id, which is its
/// group's too, can belong to nobody else, and every signal reaches the right ones.
/// </summary>
internal sealed unsafe class RunningProgram : IDisposable
{
    private const int IdIsProcess = 1, WaitExited = 4, WaitNoReap = 0x0100_0000;
    private const int SignalInfoSize = 128, CodeOffset = 8, StatusOffset = 24, Exited = 1;

    private static readonly TimeSpan s_killLimit = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_leftOverLimit = TimeSpan.FromMilliseconds(100);

    private readonly int _process;
    private readonly int _descriptor;
    private readonly string _mark;
    private ProgramGroups? _groups;
    private bool _reaped;
    private bool _hadLeftOvers;

    static RunningProgram() => ChildExits.Keep();

    private RunningProgram(int process, int descriptor, string mark)
    {
        _process = process;
        _descriptor = descriptor;
        _mark = mark;
    }

    public static RunningProgram Start(ProgramStart start, int stdin, int stdout, int stderr)
    {
        string mark = RunMark.Next();
        using CStrings environment = InheritedEnvironment.With([.. start.Environment, new(RunMark.Name, mark)]);
        int process = Start(start.File, [start.Name ?? start.File, .. start.Arguments], environment, stdin, stdout, stderr);
        if (process == -Libc.NotExecutable)
        {
            // A script without a #! line: execvp, and so every shell, hands it to sh.
            process = Start("/bin/sh", ["/bin/sh", start.File, .. start.Arguments], environment, stdin, stdout, stderr);
        }

        if (process < 0)
        {
            throw ProgramNotStarted.Because(start.File, -process);
        }

        start.Groups?.Started(process);
        RunningProgram program = Hold(process, mark);
        program._groups = start.Groups;
        return program;
    }

    /// <summary>Takes charge of a process just spawned as leader of its own group.</summary>
    public static RunningProgram Hold(int process, string mark)
    {
        int descriptor = Libc.OpenProcess(process);
        int error = Marshal.GetLastPInvokeError();
        var program = new RunningProgram(process, descriptor, mark);
        if (descriptor < 0)
        {
            program.Dispose();
            throw ProgramNotStarted.Without("a descriptor for its process", error);
        }

        return program;
    }

    /// <summary>Waits until the program ends; answers what came first.</summary>
    public Interruption WaitForEnd(Deadline deadline, int cancellation)
    {
        Libc.PollEntry* entries = stackalloc Libc.PollEntry[2];
        entries[0] = new Libc.PollEntry { Descriptor = _descriptor, Events = Libc.PollIn };
        entries[1] = new Libc.PollEntry { Descriptor = cancellation, Events = Libc.PollIn };
        while (true)
        {
            int ready = Libc.Poll(entries, 2, deadline.Milliseconds);
            if (ready < 0 && Marshal.GetLastPInvokeError() is not Libc.Interrupted and int error)
            {
                throw new InvalidOperationException($"Waiting for a program failed: {Libc.Explain(error)}.");
            }

            if (ready > 0)
            {
                return entries[0].Returned != 0 ? Interruption.None : Interruption.Cancelled;
            }

            if (deadline.HasPassed)
            {
                return Interruption.TimedOut;
            }
        }
    }

    /// <summary>Asks the program and all its descendants to end, and after the grace time makes them.</summary>
    public void End(TimeSpan grace)
    {
        var deadline = Deadline.In(grace);
        Libc.Kill(-_process, Libc.SigTerm);

        // A stopped process takes its SIGTERM only when it goes on.
        Libc.Kill(-_process, Libc.SigContinue);
        ForEachMarked(SignalOutsideGroup);
        if (WaitForEnd(deadline, cancellation: -1) == Interruption.None)
        {
            // The program's children were asked as well: they have what is left of the grace.
            ForEachMarked(process => process.WaitForEnd(deadline.Left));
        }

        Libc.Kill(-_process, Libc.SigKill);
        MarkedProcesses.Kill(RunMark.Name, _mark);
        WaitForEnd(Deadline.In(s_killLimit), cancellation: -1);
    }

    /// <summary>
    /// What a failed program has left running must not meet its next attempt. Called between its end and <see cref="Reap"/>,
    /// while its group cannot be another's yet. A program that succeeded may leave children behind.
    /// </summary>
    public void EndLeftOversOfFailure()
    {
        byte* answer = stackalloc byte[SignalInfoSize];
        if (Libc.WaitId(IdIsProcess, _process, answer, WaitExited | WaitNoReap) < 0
            || (*(int*)(answer + CodeOffset) == Exited && *(int*)(answer + StatusOffset) == 0))
        {
            return;
        }

        Libc.Kill(-_process, Libc.SigKill);
        if (*(int*)(answer + CodeOffset) != Exited)
        {
            // Somebody killed it: it had no chance to end what it had started in sessions of their own.
            MarkedProcesses.Kill(RunMark.Name, _mark);
        }

        _hadLeftOvers = true;
    }

    /// <summary>
    /// Waits, after <see cref="Reap"/>, until the killed rest of a failed program's group is gone. SIGKILL takes no longer
    /// than this; what is still there then only waits for init to reap it.
    /// </summary>
    public void AwaitLeftOvers()
    {
        var deadline = Deadline.In(s_leftOverLimit);
        while (_hadLeftOvers && !deadline.HasPassed && Libc.Kill(-_process, 0) == 0)
        {
            Libc.Poll(null, 0, 1);
        }
    }

    /// <summary>The program's wait status. A program that not even SIGKILL has ended yet counts as killed.</summary>
    public int Reap()
    {
        const int withoutWaiting = 1;
        _groups?.Ended(_process);
        int answer = Libc.WaitFor(_process, out int status, withoutWaiting);
        _reaped = true;
        if (answer < 0)
        {
            throw new InvalidOperationException($"The exit status of a program was lost: {Libc.Explain(Marshal.GetLastPInvokeError())}.");
        }

        return answer == 0 ? Libc.SigKill : status;
    }

    public void Dispose()
    {
        if (!_reaped)
        {
            Libc.Kill(-_process, Libc.SigKill);
            _groups?.Ended(_process);
            Libc.WaitFor(_process, out _, 0);
        }

        Libc.Close(_descriptor);
    }

    private static int Start(string file, string[] arguments, CStrings environment, int stdin, int stdout, int stderr)
    {
        using CStrings block = CStrings.Of(arguments);
        return Spawn.Start(file, block, environment, Spawn.OwnGroup, stdin, stdout, stderr);
    }

    // Those in the group have been signalled, and many a program takes a second SIGTERM for impatience.
    private void SignalOutsideGroup(MarkedProcess process)
    {
        if (Libc.GroupOf(process.Id) != _process)
        {
            process.Signal(Libc.SigTerm);
        }
    }

    private void ForEachMarked(Action<MarkedProcess> action)
    {
        foreach (MarkedProcess process in MarkedProcesses.Find(RunMark.Name, _mark))
        {
            action(process);
            process.Dispose();
        }
    }
}
