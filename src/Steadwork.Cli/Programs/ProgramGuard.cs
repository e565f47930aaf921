using System.Runtime.InteropServices;

namespace Steadwork.Cli.Programs;

/// <summary>
/// A small process that outlives this one by a moment and then kills the programs that bear its mark: kill -9 leaves a
/// worker no chance to do that itself, and its jobs would run again beside their first run.
/// </summary>
internal sealed unsafe class ProgramGuard : IDisposable
{
    // First the groups that the worker has noted in the file $2 (the start time, the 22nd field of a process's stat, tells
    // a group from a later one of the same number), for a program may throw its mark away. Then all that bear the mark.
    // A line means that all is in order. The end of the pipe without one means that the worker is dead: only it held
    // the other end, and a program it was just starting gave up its copy in exec. That is a moment before its own
    // environment can be seen; hence several clean looks, apart. grep's status says nothing, as some files are unreadable.
    private const string Script = """
        trap '' HUP INT TERM
        cd /
        if read -r line; then exit 0; fi
        while read -r process started; do
          case $process in *[!0-9]*|'') continue;; esac
          stat=
          if read -r stat <"/proc/$process/stat"; then
            set -- "$1" "$2" ${stat##*)}
            [ "${22}" = "$started" ] || continue
          fi
          kill -9 "-$process"
        done <"$2"
        round=0 clean=0
        while [ $clean -lt 3 ] && [ $round -lt 50 ]; do
          round=$((round + 1)) clean=$((clean + 1))
          for file in $(grep -zlxsF -e "$1" /proc/[0-9]*/environ); do
            process=${file#/proc/}
            kill -9 "${process%/environ}" && clean=0
          done
          [ $clean = 0 ] || sleep 0.1
        done
        """;

    private static readonly TimeSpan s_dismissalLimit = TimeSpan.FromSeconds(5);

    private readonly RunningProgram _guard;
    private int _pipe;

    private ProgramGuard(RunningProgram guard, int pipe)
    {
        _guard = guard;
        _pipe = pipe;
    }

    /// <summary>
    /// From now until it is disposed, the death of this process is the death of all whose environment holds NAME=VALUE.
    /// </summary>
    /// <exception cref="ProgramNotStarted">There is no shell, or no resources for it.</exception>
    /// <param name="name">The variable.</param>
    /// <param name="value">Its value.</param>
    /// <param name="groups">The file in which the process groups of its programs are noted; null when there is none.</param>
    public static ProgramGuard Start(string name, string value, string? groups = null)
    {
        int nothing = Spawn.Nothing;
        int* ends = stackalloc int[2];
        if (Libc.Pipe(ends, Libc.CloseOnExec) < 0)
        {
            throw ProgramNotStarted.Without("a pipe for the guard", Marshal.GetLastPInvokeError());
        }

        try
        {
            // No mark may be in its environment, also none of a program that we ourselves run in: the guard would
            // be killed with that, and what it guards be left.
            string path = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin";
            using CStrings environment = CStrings.Of(["LC_ALL=C", "PATH=" + path]);
            using CStrings arguments = CStrings.Of(["sh", "-c", Script, "steadwork-guard", $"{name}={value}", groups ?? "/dev/null"]);
            int process = Spawn.Start("/bin/sh", arguments, environment, Spawn.OwnSession, ends[0], nothing, nothing);
            return process < 0
                ? throw ProgramNotStarted.Because("/bin/sh", -process)
                : new ProgramGuard(RunningProgram.Hold(process, mark: ""), ends[1]);
        }
        catch
        {
            Libc.Close(ends[1]);
            throw;
        }
        finally
        {
            Libc.Close(ends[0]);
        }
    }

    /// <summary>Dismisses the guard. It kills nothing: what programs left behind on purpose lives on.</summary>
    public void Dispose()
    {
        int pipe = Interlocked.Exchange(ref _pipe, -1);
        if (pipe < 0)
        {
            return;
        }

        byte line = (byte)'\n';
        Libc.Write(pipe, &line, 1);
        Libc.Close(pipe);
        _guard.WaitForEnd(Deadline.In(s_dismissalLimit), cancellation: -1);
        _guard.Dispose();
    }
}
