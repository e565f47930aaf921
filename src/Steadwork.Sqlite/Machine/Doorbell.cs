using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Machine;

/// <summary>
/// Wake-ups between processes: each listener binds a datagram socket in the store's folder, and whoever has committed
/// sends a byte to all. A ring that gets lost costs a poll's delay, never a job.
/// </summary>
internal sealed class Doorbell : IDisposable
{
    // The kernel stamps folders by its clock tick, of 10 ms at most; a bell hung within the tick of the last look would stay unseen.
    private static readonly TimeSpan FreshFolder = TimeSpan.FromMilliseconds(25);
    private const int LongestSocketPath = 100;

    private readonly Lock gate = new();
    private readonly string folder;
    private readonly DirectoryInfo place;
    private readonly string name = Guid.NewGuid().ToString("N")[..12];
    private readonly Listeners listeners = new();
    private readonly Socket sender = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
    private (DateTime Seen, UnixDomainSocketEndPoint[] Bells) others = (default, []);
    private Socket? bell;
    private bool disposed;

    public Doorbell(string preferredFolder)
    {
        folder = preferredFolder.Length + 20 <= LongestSocketPath ? preferredFolder : ShortFolder(preferredFolder);
        place = new DirectoryInfo(folder);
    }

    public IDisposable Listen(WakeUp kinds, Action<WakeUp> onWakeUp)
    {
        var listening = listeners.Add(kinds, onWakeUp);
        lock (gate)
        {
            if (bell is null)
                HangBell();
        }
        return listening;
    }

    /// <summary>Wakes the listeners of this process and of all others.</summary>
    public void Ring(WakeUp kinds)
    {
        if (kinds == WakeUp.None)
            return;
        listeners.Ring(kinds);
        ReadOnlySpan<byte> message = [(byte)kinds];
        UnixDomainSocketEndPoint[] all;
        lock (gate)
            all = Others();
        foreach (var other in all)
        {
            try
            {
                sender.SendTo(message, other);
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionRefused)
            {
                File.Delete(other.ToString()!);
            }
            catch (SocketException)
            {
                // A full socket has been rung already; one that has just gone needs no ring.
            }
        }
    }

    private UnixDomainSocketEndPoint[] Others()
    {
        place.Refresh();
        var changed = place.LastWriteTimeUtc;
        if (others.Seen == changed && TimeProvider.System.GetUtcNow().UtcDateTime - changed > FreshFolder)
            return others.Bells;
        var bells = Directory.EnumerateFiles(folder, "*.bell")
            .Where(file => !file.EndsWith(name + ".bell", StringComparison.Ordinal))
            .Select(file => new UnixDomainSocketEndPoint(file))
            .ToArray();
        others = (changed, bells);
        return bells;
    }

    private void HangBell()
    {
        bell = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        bell.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, name + ".bell")));
        new Thread(Answer) { IsBackground = true, Name = "steadwork-doorbell" }.Start(bell);
    }

    private void Answer(object? state)
    {
        var socket = (Socket)state!;
        Span<byte> message = stackalloc byte[1];
        while (true)
        {
            try
            {
                if (socket.Receive(message) > 0)
                    listeners.Ring((WakeUp)message[0]);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                if (disposed)
                    return;
            }
        }
    }

    private static string ShortFolder(string preferred)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(preferred)))[..16];
        var path = Path.Combine(Path.GetTempPath(), $"steadwork-{Environment.UserName}-{hash}");
        return (OperatingSystem.IsWindows() ? Directory.CreateDirectory(path) : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)).FullName;
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            if (bell is not null)
                File.Delete(Path.Combine(folder, name + ".bell"));
        }
        bell?.Dispose();
        sender.Dispose();
    }
}
