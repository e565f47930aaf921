using System.Runtime.InteropServices;

namespace Steadwork.Cli.Programs;

/// <summary>Sees to it that exit statuses reach us.</summary>
internal static unsafe partial class ChildExits
{
    private const int SigChild = 17, ActionSize = 256;
    private const nint Default = 0, Ignore = 1;

    /// <summary>
    /// A starter that ignores SIGCHLD hands that on, and then the kernel throws away every exit status. To be called
    /// before the runtime has a handler of its own for that signal, which does the same once it has seen it ignored.
    /// </summary>
    public static void Keep()
    {
        byte* action = stackalloc byte[ActionSize];
        if (GetAction(SigChild, null, action) == 0 && *(nint*)action == Ignore)
        {
            SetAction(SigChild, Default);
        }
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int GetAction(int signal, void* replacement, byte* current);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetAction(int signal, nint action);
}
