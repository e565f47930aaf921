using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Steadwork.Storage.Copying;

/// <summary>A section of one store, counted and hashed.</summary>
/// <param name="Section">Which.</param>
/// <param name="Rows">How many rows it has.</param>
/// <param name="Hash">The SHA-256 of all of them in order, in hexadecimal.</param>
public sealed record CopiedSection(CopySection Section, long Rows, string Hash);

/// <summary>
/// Counts and hashes the rows of a section. Every value is led by its kind and, where it varies, its length, so that no two
/// different rows are written alike.
/// </summary>
internal sealed class CopyHash(CopySection section) : IDisposable
{
    private const byte Null = 0, Number = 1, Text = 2;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] buffer = new byte[4096];
    private long rows;

    public void Add(object?[] row)
    {
        var length = 0;
        foreach (var value in row)
            length = Write(value, length);
        hash.AppendData(buffer, 0, length);
        rows++;
    }

    public CopiedSection Result() => new(section, rows, Convert.ToHexStringLower(hash.GetHashAndReset()));

    private int Write(object? value, int at)
    {
        switch (value)
        {
            case null:
                Room(at + 1);
                buffer[at] = Null;
                return at + 1;
            case long number:
                Room(at + 9);
                buffer[at] = Number;
                BinaryPrimitives.WriteInt64LittleEndian(buffer.AsSpan(at + 1), number);
                return at + 9;
            default:
                var text = (string)value;
                Room(at + 5 + Encoding.UTF8.GetMaxByteCount(text.Length));
                var bytes = Encoding.UTF8.GetBytes(text, buffer.AsSpan(at + 5));
                buffer[at] = Text;
                BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(at + 1), bytes);
                return at + 5 + bytes;
        }
    }

    private void Room(int length)
    {
        if (buffer.Length < length)
            Array.Resize(ref buffer, Math.Max(length, 2 * buffer.Length));
    }

    public void Dispose() => hash.Dispose();
}
