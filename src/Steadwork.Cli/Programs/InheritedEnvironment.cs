using System.Runtime.InteropServices;
using System.Text;

namespace Steadwork.Cli.Programs;

/// <summary>
/// The environment that this process was started with, byte for byte and read once: to rebuild it for each program
/// would cost more than the rest of a start, and to go through strings would spoil what is not UTF-8.
/// </summary>
internal static unsafe class InheritedEnvironment
{
    private static readonly byte*[] s_entries = Read();
    private static readonly Dictionary<string, int> s_places = Places();

    /// <summary>The inherited entries with <paramref name="own"/> added; the same name replaces. The caller disposes it.</summary>
    public static CStrings With(IReadOnlyList<KeyValuePair<string, string>> own)
    {
        Span<bool> replaced = s_entries.Length <= 1024 ? stackalloc bool[s_entries.Length] : new bool[s_entries.Length];
        var added = new string[own.Count];
        for (int i = 0; i < own.Count; i++)
        {
            added[i] = own[i].Key + "=" + own[i].Value;
            if (s_places.TryGetValue(own[i].Key, out int place))
            {
                replaced[place] = true;
            }
        }

        var block = new CStrings(added, s_entries.Length);
        for (int i = 0; i < s_entries.Length; i++)
        {
            if (!replaced[i])
            {
                block.Add(s_entries[i]);
            }
        }

        foreach (string entry in added)
        {
            block.Add(entry);
        }

        return block;
    }

    private static byte*[] Read()
    {
        byte[] bytes = File.ReadAllBytes("/proc/self/environ");
        byte* copy = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        var entries = new List<nint>();
        for (byte* entry = copy; entry < copy + bytes.Length; entry += MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry).Length + 1)
        {
            entries.Add((nint)entry);
        }

        var pointers = new byte*[entries.Count];
        for (int i = 0; i < pointers.Length; i++)
        {
            pointers[i] = (byte*)entries[i];
        }

        return pointers;
    }

    private static Dictionary<string, int> Places()
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < s_entries.Length; i++)
        {
            ReadOnlySpan<byte> entry = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(s_entries[i]);
            int end = entry.IndexOf((byte)'=');
            places[Encoding.UTF8.GetString(end < 0 ? entry : entry[..end])] = i;
        }

        return places;
    }
}
