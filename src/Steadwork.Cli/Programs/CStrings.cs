using System.Runtime.InteropServices;
using System.Text;

namespace Steadwork.Cli.Programs;

/// <summary>A null-ended array of C strings, in one block of native memory.</summary>
internal unsafe ref struct CStrings
{
    private readonly byte** _block;
    private readonly int _capacity;
    private byte* _free;
    private int _count;

    /// <param name="own">Strings that will be copied in by <see cref="Add(string)"/>.</param>
    /// <param name="borrowed">How many pointers to longer-lived strings will be added.</param>
    public CStrings(IReadOnlyList<string> own, int borrowed)
    {
        int bytes = 0;
        foreach (string text in own)
        {
            // The program would see it cut short, which may name another file.
            if (text.Contains('\0'))
            {
                throw new ProgramNotStarted("The program cannot be started: an argument or a variable for it holds a NUL character.");
            }

            bytes += Encoding.UTF8.GetByteCount(text) + 1;
        }

        _capacity = own.Count + borrowed;
        int table = (_capacity + 1) * sizeof(byte*);
        _block = (byte**)NativeMemory.Alloc((nuint)(table + bytes));
        _free = (byte*)_block + table;
        _block[0] = null;
    }

    public static CStrings Of(IReadOnlyList<string> texts)
    {
        var strings = new CStrings(texts, 0);
        foreach (string text in texts)
        {
            strings.Add(text);
        }

        return strings;
    }

    public readonly byte** Pointer => _block;

    public void Add(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, new Span<byte>(_free, length));
        _free[length] = 0;
        Add(_free);
        _free += length + 1;
    }

    public void Add(byte* borrowed)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(_count, _capacity);
        _block[_count++] = borrowed;
        _block[_count] = null;
    }

    public readonly void Dispose() => NativeMemory.Free(_block);
}
