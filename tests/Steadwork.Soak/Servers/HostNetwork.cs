using System.Globalization;

namespace Steadwork.Soak.Servers;

/// <summary>There is no way to make hosts of one's own here.</summary>
public sealed class NoHostsException(Exception cause) : Exception($"Network namespaces, which hosts are made of, cannot be made here; it takes root and iproute2. {cause.Message}", cause);

/// <summary>Hosts of a fault run's own: network namespaces on a bridge, whose links can be cut.</summary>
public sealed class HostNetwork : IAsyncDisposable
{
    private readonly string name = string.Create(CultureInfo.InvariantCulture, $"sw{Random.Shared.Next(1_000_000)}");
    private readonly string net = string.Create(CultureInfo.InvariantCulture, $"10.{Random.Shared.Next(200, 250)}.{Random.Shared.Next(250)}");
    private readonly List<string[]> undoing = [];

    private HostNetwork()
    {
    }

    /// <summary>The address of this host, as the others see it.</summary>
    public string Address => $"{net}.1";

    /// <exception cref="NoHostsException">It is not possible here.</exception>
    public static async Task<HostNetwork> MakeAsync(int hosts)
    {
        var network = new HostNetwork();
        try
        {
            await network.DoAsync(["link", "add", network.name, "type", "bridge"], ["link", "del", network.name]);
            await IpAsync("addr", "add", $"{network.Address}/24", "dev", network.name);
            await IpAsync("link", "set", network.name, "up");
            for (var host = 0; host < hosts; host++)
                await network.AddAsync(host);
            return network;
        }
        catch (Exception error) when (error is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            await network.DisposeAsync();
            throw new NoHostsException(error);
        }
    }

    /// <summary>
    /// The words before a command by which it runs on a host, which has a network, a process table and a name of its own.
    /// All its processes end with the first.
    /// </summary>
    public string[] On(int host) => [
        "ip", "netns", "exec", Namespace(host), "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts",
        "sh", "-c", """hostname "$0" && exec "$@" """, Namespace(host)];

    /// <summary>The same, with a home of its own: by its files the workers of one home see each other die.</summary>
    /// <param name="host">The host.</param>
    /// <param name="folder">Where the homes are.</param>
    public string[] AtHomeOn(int host, string folder)
    {
        var home = Directory.CreateDirectory(Path.Combine(folder, $"home-{host}")).FullName;
        return [.. On(host), "env", $"HOME={home}", $"XDG_DATA_HOME={home}"];
    }

    public Task CutAsync(int host) => IpAsync("link", "set", Link(host), "down");

    public Task JoinAsync(int host) => IpAsync("link", "set", Link(host), "up");

    public async ValueTask DisposeAsync()
    {
        foreach (var words in Enumerable.Reverse(undoing))
            await IpAsync(words);
    }

    private async Task AddAsync(int host)
    {
        await DoAsync(["netns", "add", Namespace(host)], ["netns", "del", Namespace(host)]);
        await DoAsync(["link", "add", Link(host), "type", "veth", "peer", "name", "eth0", "netns", Namespace(host)], ["link", "del", Link(host)]);
        await IpAsync("link", "set", Link(host), "master", name, "up");
        await IpAsync("-n", Namespace(host), "addr", "add", string.Create(CultureInfo.InvariantCulture, $"{net}.{host + 2}/24"), "dev", "eth0");
        await IpAsync("-n", Namespace(host), "link", "set", "eth0", "up");
        await IpAsync("-n", Namespace(host), "link", "set", "lo", "up");
    }

    private string Namespace(int host) => string.Create(CultureInfo.InvariantCulture, $"{name}-h{host}");

    private string Link(int host) => string.Create(CultureInfo.InvariantCulture, $"{name}v{host}");

    private async Task DoAsync(string[] words, string[] undo)
    {
        await IpAsync(words);
        undoing.Add(undo);
    }

    private static Task IpAsync(params IEnumerable<string> words) => Programs.RunAsync(["ip", .. words]);
}
