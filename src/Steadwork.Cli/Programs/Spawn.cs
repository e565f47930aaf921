using System.Runtime.InteropServices;

namespace Steadwork.Cli.Programs;

/// <summary>
/// posix_spawn with everything of ours left behind: descriptors, signal dispositions and mask. It does not copy our
/// memory, so its cost does not grow with the worker.
/// </summary>
internal static unsafe partial class Spawn
{
    public const short OwnGroup = 0x02, OwnSession = 0x80;

    private const short DefaultSignals = 0x04, EmptyMask = 0x08;

    // posix_spawnattr_t is 336 bytes, posix_spawn_file_actions_t 80 and sigset_t 128, on glibc and musl.
    private const int AttributesSize = 512, ActionsSize = 256, SignalsSize = 128;

    private static readonly void* s_ownGroup = Attributes(OwnGroup);
    private static readonly void* s_ownSession = Attributes(OwnSession);
    private static readonly bool s_canCloseFrom = CanCloseFrom();

    /// <summary>/dev/null, open for reading and writing as long as this process lives.</summary>
    public static readonly int Nothing = OpenNothing();

    /// <summary>Starts <paramref name="file"/> and answers its process id; a negated errno when it could not be started.</summary>
    /// <param name="apart"><see cref="OwnGroup"/> or <see cref="OwnSession"/>: either way its group has its own id.</param>
    public static int Start(string file, CStrings arguments, CStrings environment, short apart, int stdin, int stdout, int stderr)
    {
        byte* actions = stackalloc byte[ActionsSize];
        InitializeActions(actions);
        int process = 0;
        int error = AddDescriptors(actions, stdin, stdout, stderr);
        if (error == 0)
        {
            void* attributes = apart == OwnSession ? s_ownSession : s_ownGroup;
            error = PosixSpawn(out process, file, actions, attributes, arguments.Pointer, environment.Pointer);
        }

        DestroyActions(actions);
        return error == 0 ? process : -error;
    }

    private static int AddDescriptors(void* actions, int stdin, int stdout, int stderr)
    {
        ReadOnlySpan<int> descriptors = [stdin, stdout, stderr];
        for (int target = 0; target < descriptors.Length; target++)
        {
            if (AddDuplicate(actions, descriptors[target], target) is not 0 and int error)
            {
                return error;
            }
        }

        // All of ours are close-on-exec, but those that our own starter left open to us may not be.
        return s_canCloseFrom ? AddCloseFrom(actions, descriptors.Length) : 0;
    }

    private static void* Attributes(short apart)
    {
        void* attributes = NativeMemory.AllocZeroed(AttributesSize);
        byte* none = stackalloc byte[SignalsSize];
        byte* all = stackalloc byte[SignalsSize];
        new Span<byte>(none, SignalsSize).Clear();

        // sigfillset would leave out two that glibc keeps to itself, and the program would find those ignored.
        new Span<byte>(all, SignalsSize).Fill(0xFF);
        InitializeAttributes(attributes);
        SetFlags(attributes, (short)(apart | DefaultSignals | EmptyMask));
        SetDefaultSignals(attributes, all);
        SetSignalMask(attributes, none);
        return attributes;
    }

    // Were 0, 1 or 2 free here, a later file of ours could get that number and be overwritten on its way to the program.
    private static int OpenNothing()
    {
        int descriptor;
        do
        {
            descriptor = Libc.Open("/dev/null", Libc.ReadWrite | Libc.CloseOnExec, 0);
        }
        while (descriptor is >= 0 and <= 2);
        return descriptor;
    }

    private static bool CanCloseFrom()
    {
        byte* actions = stackalloc byte[ActionsSize];
        InitializeActions(actions);
        try
        {
            return AddCloseFrom(actions, 3) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
        finally
        {
            DestroyActions(actions);
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PosixSpawn(out int process, string file, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial void InitializeActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDuplicate(void* actions, int descriptor, int target);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    private static partial int AddCloseFrom(void* actions, int first);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial void DestroyActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial void InitializeAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial void SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial void SetDefaultSignals(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial void SetSignalMask(void* attributes, void* signals);
}
