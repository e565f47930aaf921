using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Steadwork.Storage;

namespace Steadwork.Machine;

/// <summary>
/// A page of memory that is also a file: one slot a started job, written before its handler begins. It outlives a killed
/// process, and costs a memory write where a row would cost a commit. It does not outlive a power cut, so a reader
/// trusts it only within the same boot.
/// </summary>
internal sealed class StartMarks : IStartMarks, IDisposable
{
    // Slot 0 tells that there were more jobs than slots, and so that the absence of a mark proves nothing; slot 1 is of the boot.
    private const int HeaderSlots = 2;
    private static readonly long BootMark = BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(Boot.Id)));

    private readonly Lock gate = new();
    private readonly Dictionary<long, int> slots = [];
    private readonly Stack<int> free = [];
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor page;
    private int overflowed;
    private bool closed;

    public StartMarks(string path, int capacity)
    {
        var stream = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        stream.SetLength((capacity + HeaderSlots) * sizeof(long));
        file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        page = file.CreateViewAccessor();
        page.Write(sizeof(long), BootMark);
        for (var slot = capacity + HeaderSlots - 1; slot >= HeaderSlots; slot--)
            free.Push(slot);
    }

    public void Begun(LeaseToken lease)
    {
        lock (gate)
        {
            if (closed)
                return;
            if (!slots.TryGetValue(lease.Value, out var slot))
            {
                if (!free.TryPop(out slot))
                {
                    page.Write(0, (long)++overflowed);
                    return;
                }
                slots[lease.Value] = slot;
            }
            page.Write(slot * sizeof(long), lease.Value);
        }
    }

    public void Ended(LeaseToken lease)
    {
        lock (gate)
        {
            if (!closed && slots.TryGetValue(lease.Value, out var slot))
                page.Write(slot * sizeof(long), -lease.Value);
        }
    }

    public void Settled(LeaseToken lease)
    {
        lock (gate)
        {
            if (closed || !slots.Remove(lease.Value, out var slot))
                return;
            page.Write(slot * sizeof(long), 0L);
            free.Push(slot);
        }
    }

    public void Dispose()
    {
        // A worker that was declared dead may still be noting.
        lock (gate)
            closed = true;
        page.Dispose();
        file.Dispose();
    }

    /// <summary>What a dead worker had noted; null when nothing can be known.</summary>
    public static IReadOnlyDictionary<LeaseToken, bool>? Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (IOException)
        {
            return null;
        }
        var values = MemoryMarshal.Cast<byte, long>(bytes);
        if (values.Length < HeaderSlots || values[0] != 0 || values[1] != BootMark)
            return null;
        var marks = new Dictionary<LeaseToken, bool>();
        foreach (var value in values[HeaderSlots..])
        {
            if (value != 0)
                marks[new LeaseToken(Math.Abs(value))] = value > 0;
        }
        return marks;
    }
}
