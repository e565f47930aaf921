using System.Buffers.Binary;

namespace Steadwork.Cli.Programs;

/// <summary>Finds a program as execvp would, but once and before the work begins, so that a misspelt name fails no job.</summary>
internal static unsafe class ProgramFile
{
    private const int CurrentDirectory = -100;
    private const uint TypeAndMode = 3;
    private const int ModeOffset = 28, AnswerSize = 256;
    private const int TypeMask = 0xF000, RegularFile = 0x8000;

    /// <summary>The absolute path of the executable file that <paramref name="name"/> stands for, or null when there is none.</summary>
    public static string? Find(string name)
    {
        if (name.Length == 0 || name.Contains('\0'))
        {
            return null;
        }

        if (name.Contains('/'))
        {
            return IsProgram(name) ? Path.GetFullPath(name) : null;
        }

        string path = Environment.GetEnvironmentVariable("PATH") ?? "/bin:/usr/bin";
        foreach (string entry in path.Split(':'))
        {
            // POSIX: an empty entry means the current directory.
            string candidate = entry.Length == 0 ? "./" + name : entry + "/" + name;
            if (IsProgram(candidate))
            {
                return Path.GetFullPath(candidate);
            }
        }

        return null;
    }

    // A directory, too, passes the execute check.
    private static bool IsProgram(string path)
    {
        byte* answer = stackalloc byte[AnswerSize];
        return Libc.Status(CurrentDirectory, path, 0, TypeAndMode, answer) == 0
            && (BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(answer + ModeOffset, 2)) & TypeMask) == RegularFile
            && Libc.Access(path, Libc.ExecuteAccess) == 0;
    }
}
