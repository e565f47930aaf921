using Steadwork.Cli.Inputs;

namespace Steadwork.Cli.Bulk;

/// <summary>The lines of a stream as bytes, one after the other. What it holds at once is one line, however long the stream is.</summary>
internal sealed class LineReader(Stream stream, int longest)
{
    private byte[] buffer = new byte[64 * 1024];
    private int start, end;
    private bool over;

    /// <summary>The number of the line that was read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Reads on to the next line that is not blank.</summary>
    /// <param name="line">The line without white space around it; valid until the next call.</param>
    /// <returns>False at the end.</returns>
    /// <exception cref="LineTooLongException">The line has more bytes than are allowed.</exception>
    public bool Next(out ReadOnlyMemory<byte> line)
    {
        while (Take(out line))
        {
            Number++;
            line = Payload.Trim(line);
            if (!line.IsEmpty)
                return true;
        }
        return false;
    }

    private bool Take(out ReadOnlyMemory<byte> line)
    {
        var searched = 0;
        while (true)
        {
            var found = buffer.AsSpan(start + searched, end - start - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                line = buffer.AsMemory(start, searched + found);
                start += searched + found + 1;
                return true;
            }
            searched = end - start;
            if (over)
            {
                line = buffer.AsMemory(start, searched);
                start = end;
                return searched > 0;
            }
            Fill();
        }
    }

    private void Fill()
    {
        if (end - start > longest)
            throw new LineTooLongException(Number + 1);
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
        if (end == buffer.Length)
            Array.Resize(ref buffer, buffer.Length * 2);
        var read = stream.Read(buffer, end, buffer.Length - end);
        end += read;
        over = read == 0;
    }
}

/// <summary>A line that is longer than any payload may be.</summary>
internal sealed class LineTooLongException(long number) : Exception($"Line {number} is too long.")
{
    public long Number => number;
}
