namespace Steadwork.Cli.Running;

/// <summary>Standard output that may lose its reader: from then on nothing is written, and nothing fails.</summary>
internal sealed class OutputStream : IDisposable
{
    private readonly BufferedStream stream = new(Console.OpenStandardOutput(), 256 * 1024);

    /// <summary>Whether the reader has gone.</summary>
    public bool IsClosed { get; private set; }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (!IsClosed)
                stream.Write(bytes);
        }
        catch (IOException)
        {
            IsClosed = true;
        }
    }

    public void Flush()
    {
        try
        {
            if (!IsClosed)
                stream.Flush();
        }
        catch (IOException)
        {
            IsClosed = true;
        }
    }

    public void Dispose() => Flush();
}
