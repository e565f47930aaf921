using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static SQLitePCL.raw;

namespace Steadwork.Sqlite.Connections;

/// <summary>
/// The calls that are made a dozen times and more for each job, by the number of a prepared statement. SQLitePCLRaw makes them through an
/// interface, and counts the uses of a handle before and after, which takes longer than most of them do.
/// </summary>
internal static unsafe partial class NativeSqlite
{
    /// <summary>Has the text that is bound copied.</summary>
    public const nint Transient = -1;

    private const string Library = "sqlite";

    /// <summary>Takes these calls to the library that SQLitePCLRaw has been set up with, whichever that is. Goes before the first.</summary>
    /// <exception cref="NotSupportedException">Under its name there is another one: the statements of the one mean nothing to the other.</exception>
    public static void Find()
    {
        NativeLibrary.SetDllImportResolver(typeof(NativeSqlite).Assembly, (name, assembly, where) => name == Library ? NativeLibrary.Load(GetNativeLibraryName(), assembly, where) : 0);
        fixed (byte* theirs = sqlite3_libversion())
        {
            if (Version() != theirs)
                throw new NotSupportedException($"SQLitePCLRaw uses another copy of SQLite than the one that is found as '{GetNativeLibraryName()}'; leave out what directs it there.");
        }
    }

    [LibraryImport(Library, EntryPoint = "sqlite3_libversion"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial byte* Version();

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int BindNumber(nint statement, int index, long value);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_null"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int BindNull(nint statement, int index);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_text"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int BindText(nint statement, int index, byte* text, int bytes, nint free);

    [LibraryImport(Library, EntryPoint = "sqlite3_step"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int Step(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_reset"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int Reset(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_type"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int TypeOf(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial long Number(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_blob"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial byte* Bytes(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    public static partial int Length(nint statement, int column);
}
