using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Steadwork.Soak.Servers;

/// <summary>A PostgreSQL server of a fault run's own, in a folder of its own, to be stopped, killed and promoted. The server refuses to run as root, so that root runs it as another user.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    internal static readonly string[] AsUser = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", User, "--regid", User, "--clear-groups"] : [];
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(1);
    private readonly string folder;
    private readonly string host;

    private PostgresServer(string folder, string host, int? port = null)
    {
        this.folder = folder;
        this.host = host;
        Port = port ?? FreePort(host);
    }

    public int Port { get; }

    /// <summary>Where it listens, as in Npgsql's connection string with several hosts.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");

    public string Url => $"postgres://steadwork@{Address}/postgres";

    internal static string User => File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    private static string Bin { get; } = Environment.GetEnvironmentVariable("STEADWORK_TEST_POSTGRES_BIN") is { Length: > 0 } bin
        ? bin
        : throw new InvalidOperationException("Set STEADWORK_TEST_POSTGRES_BIN to the folder of PostgreSQL's programs, or run this by ./test or ./soak.");

    private string Data => Path.Combine(folder, "data");

    /// <summary>Makes a server and starts it.</summary>
    /// <param name="folder">A new folder.</param>
    /// <param name="host">The address on which it listens.</param>
    /// <param name="settings">Lines of its configuration.</param>
    public static async Task<PostgresServer> MakeAsync(string folder, string host = "127.0.0.1", params IEnumerable<string> settings)
    {
        var server = new PostgresServer(folder, host);
        await server.MakeFolderAsync();
        await RunAsync("initdb", "-D", server.Data, "-U", "steadwork", "-A", "trust", "-E", "UTF8", "--locale=C", "-N");
        await File.AppendAllLinesAsync(Path.Combine(server.Data, "postgresql.conf"),
            [$"listen_addresses = '{host}'", "unix_socket_directories = ''", "shared_buffers = 128MB", "timezone = 'UTC'", "log_timezone = 'UTC'", .. settings]);
        await File.AppendAllLinesAsync(Path.Combine(server.Data, "pg_hba.conf"), [$"host all all {host}/24 trust"]);
        await server.StartAsync();
        return server;
    }

    /// <summary>Makes a streaming standby of this server and starts it.</summary>
    /// <param name="standbyFolder">A new folder.</param>
    /// <param name="port">Where it listens; null takes any.</param>
    public async Task<PostgresServer> MakeStandbyAsync(string standbyFolder, int? port = null)
    {
        var standby = new PostgresServer(standbyFolder, host, port);
        await standby.MakeFolderAsync();
        await RunAsync("pg_basebackup", "-D", standby.Data, "-R", "-X", "stream", "-c", "fast", "-d", $"host={host} port={Port} user=steadwork");
        await standby.StartAsync();
        return standby;
    }

    /// <summary>Starts it, and waits until it lets clients in.</summary>
    public Task StartAsync() => RunAsync("pg_ctl", "-D", Data, "-l", Path.Combine(folder, "server.log"), "-w", "-t", "60", "-o", string.Create(CultureInfo.InvariantCulture, $"-p {Port}"), "start");

    /// <summary>Stops it without letting anything end: the next start recovers from its log.</summary>
    public Task StopImmediatelyAsync() => RunAsync("pg_ctl", "-D", Data, "-m", "immediate", "-w", "-t", "60", "stop");

    /// <summary>Kills the server and all its backends at once.</summary>
    public async Task KillAsync()
    {
        var server = ServerProcess();
        int[] all = [server, .. Processes.ChildrenOf(server)];
        foreach (var process in all)
            Processes.Signal(process, Processes.SigKill);
        if (!await Until.TrueAsync(() => Task.FromResult(!all.Any(Processes.IsAlive)), EndLimit))
            throw new TimeoutException($"The killed server was still there after {EndLimit}.");
    }

    /// <summary>Makes a standby the primary, and waits until it takes writes.</summary>
    public Task PromoteAsync() => RunAsync("pg_ctl", "-D", Data, "-w", "-t", "60", "promote");

    /// <summary>Puts settings into force.</summary>
    public async Task SetAsync(string name, string value)
    {
        await ExecuteAsync($"ALTER SYSTEM SET {name} = '{value}'");
        await ExecuteAsync("SELECT pg_reload_conf()");
    }

    /// <summary>A connection that no store knows of.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection($"Host={host};Port={Port};Username=steadwork;Database=postgres;Application Name=soak;Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>The first value of its answer.</returns>
    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")) && Processes.IsAlive(ServerProcess()))
            await StopImmediatelyAsync();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private int ServerProcess() => int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    private async Task MakeFolderAsync()
    {
        Directory.CreateDirectory(Data);
        File.SetUnixFileMode(Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await LetInAsync(folder);
    }

    /// <summary>Gives a folder to the server's user, who must also be able to pass through what leads to it.</summary>
    internal static async Task LetInAsync(string folder)
    {
        for (var above = Path.GetFullPath(folder); above.Length > Path.GetTempPath().Length; above = Path.GetDirectoryName(above)!)
            File.SetUnixFileMode(above, File.GetUnixFileMode(above) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        if (AsUser.Length > 0)
            await Programs.RunAsync("chown", "-R", User, folder);
    }

    private static Task RunAsync(string program, params IEnumerable<string> arguments) =>
        Programs.RunAsync([.. AsUser, Path.Combine(Bin, program), .. arguments]);

    /// <summary>Below the range from which the kernel takes ports for clients: one of those would be taken while the server is down.</summary>
    internal static int FreePort(string host)
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            try
            {
                using var probe = new TcpListener(IPAddress.Parse(host), port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }
}
