using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>
/// Stands before the server, counts what is said to it, and leaves one that connects without an answer whenever it is told to, as
/// one does that is too busy.
/// </summary>
internal sealed class ServerFront : IAsyncDisposable
{
    private const int AskForTls = 4;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly string host;
    private readonly int port;
    private readonly List<TcpClient> clients = [];
    private readonly Task accepting;
    private readonly int[] said = new int[128];
    private volatile bool busy;

    /// <param name="host">Where the server is.</param>
    /// <param name="port">Its port.</param>
    public ServerFront(string host, int port)
    {
        (this.host, this.port) = (host, port);
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How often somebody has connected.</summary>
    public int Asked { get; private set; }

    /// <summary>Leaves the next that connects without an answer.</summary>
    public void LeaveNext() => busy = true;

    /// <summary>
    /// How many messages of a kind clients have sent (PostgreSQL manual, 55.7 Message Formats): <c>P</c> for a statement that the
    /// server has to parse, <c>B</c> for one that it is to carry out, <c>S</c> or <c>Q</c> for each time that they wait for an answer.
    /// </summary>
    public int Said(char kind) => Volatile.Read(ref said[kind]);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                clients.Add(client);
                Asked++;
                if (busy)
                {
                    busy = false;
                    continue;
                }
                var server = new TcpClient();
                clients.Add(server);
                await server.ConnectAsync(host, port);
                _ = PumpAsync(client, server, Count());
                _ = PumpAsync(server, client, static _ => { });
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    /// <summary>Takes in what a client says, in pieces as they come. Its first message has no kind, nor has one that asks for TLS before it; what is then encrypted cannot be counted.</summary>
    private Action<ReadOnlySpan<byte>> Count()
    {
        var (header, known, toSkip, isFirst) = (new byte[5], 1, 0, true);
        return bytes =>
        {
            while (bytes.Length > 0)
            {
                var part = Math.Min(bytes.Length, toSkip > 0 ? toSkip : header.Length - known);
                if (toSkip > 0)
                {
                    toSkip -= part;
                }
                else
                {
                    bytes[..part].CopyTo(header.AsSpan(known));
                    known += part;
                    if (known == header.Length)
                    {
                        // It counts itself.
                        var length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - sizeof(int);
                        if (!isFirst)
                            Interlocked.Increment(ref said[header[0] % said.Length]);
                        isFirst = isFirst && length == AskForTls;
                        (known, toSkip) = (isFirst ? 1 : 0, Math.Max(0, length));
                    }
                }
                bytes = bytes[part..];
            }
        };
    }

    private static async Task PumpAsync(TcpClient from, TcpClient to, Action<ReadOnlySpan<byte>> count)
    {
        var bytes = new byte[16 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(bytes) is > 0 and var length)
            {
                count(bytes.AsSpan(0, length));
                await to.GetStream().WriteAsync(bytes.AsMemory(0, length));
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // One of the ends is gone.
        }
        to.Close();
    }

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
        clients.ForEach(client => client.Close());
    }
}
