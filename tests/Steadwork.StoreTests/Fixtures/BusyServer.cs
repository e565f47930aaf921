using System.Net;
using System.Net.Sockets;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>Stands before the server, and leaves one that connects without an answer whenever it is told to, as one does that is too busy.</summary>
internal sealed class BusyServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly string host;
    private readonly int port;
    private readonly List<TcpClient> clients = [];
    private readonly Task accepting;
    private volatile bool busy;

    /// <param name="host">Where the server is.</param>
    /// <param name="port">Its port.</param>
    public BusyServer(string host, int port)
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
                _ = PumpAsync(client, server);
                _ = PumpAsync(server, client);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private static async Task PumpAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream());
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
