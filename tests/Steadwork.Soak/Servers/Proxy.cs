using System.Net;
using System.Net.Sockets;

namespace Steadwork.Soak.Servers;

/// <summary>Stands between clients and a server on this machine, and can let single connections fall silent without either end being told.</summary>
public sealed class Proxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly int target;
    private readonly Lock gate = new();
    private readonly List<Link> links = [];
    private readonly Task accepting;

    /// <param name="target">The server's port.</param>
    public Proxy(int target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Forwards nothing more on connections whose client has said these bytes.</summary>
    /// <returns>How many there were that had not been silent before.</returns>
    public int Silence(ReadOnlySpan<byte> words)
    {
        lock (gate)
        {
            var silenced = 0;
            foreach (var link in links)
                silenced += link.SilenceIfSaid(words) ? 1 : 0;
            return silenced;
        }
    }

    /// <summary>Whether there is a connection whose client has said these bytes, and that has not fallen silent.</summary>
    public bool AreHeard(ReadOnlySpan<byte> words)
    {
        lock (gate)
        {
            foreach (var link in links)
            {
                if (link.IsHeard(words))
                    return true;
            }
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
        lock (gate)
            links.ForEach(link => link.Close());
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                var server = new TcpClient { NoDelay = true };
                client.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, target);
                lock (gate)
                    links.Add(new Link(client, server));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private sealed class Link
    {
        private readonly TcpClient client;
        private readonly TcpClient server;
        private readonly Lock gate = new();
        private readonly List<byte> said = [];
        private volatile bool silent;

        public Link(TcpClient client, TcpClient server)
        {
            (this.client, this.server) = (client, server);
            _ = PumpAsync(client, server, said);
            _ = PumpAsync(server, client, heard: null);
        }

        public bool SilenceIfSaid(ReadOnlySpan<byte> words)
        {
            lock (gate)
                return !silent && (silent = Said(words));
        }

        public bool IsHeard(ReadOnlySpan<byte> words)
        {
            lock (gate)
                return !silent && Said(words);
        }

        private bool Said(ReadOnlySpan<byte> words) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(said).IndexOf(words) >= 0;

        public void Close()
        {
            client.Close();
            server.Close();
        }

        private async Task PumpAsync(TcpClient from, TcpClient to, List<byte>? heard)
        {
            var bytes = new byte[16 * 1024];
            try
            {
                while (await from.GetStream().ReadAsync(bytes) is > 0 and var length)
                {
                    lock (gate)
                        heard?.AddRange(bytes.AsSpan(0, length));
                    if (!silent)
                        await to.GetStream().WriteAsync(bytes.AsMemory(0, length));
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // One of the ends is gone.
            }
            Close();
        }
    }
}
