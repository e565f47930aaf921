using System.Diagnostics;
using System.Globalization;

namespace Steadwork.Soak.Servers;

/// <summary>A PgBouncer in transaction mode, in a folder of its own: each transaction of its many clients may get another of its few connections to the server.</summary>
public sealed class Pooler : IAsyncDisposable
{
    private const string Variable = "STEADWORK_TEST_PGBOUNCER";
    private const string Host = "127.0.0.1";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Process process;
    private readonly int port;

    private Pooler(Process process, int port) => (this.process, this.port) = (process, port);

    /// <summary>With what a store must leave out behind it: this version forgets statements that a client had prepared.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"postgres://steadwork@{Host}:{port}/postgres?listen=false&prepare=false");

    private static string Program => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } program
        ? program
        : throw new InvalidOperationException($"Set {Variable} to the pgbouncer program, or run this by ./test or ./soak.");

    /// <summary>Starts one, and waits until it lets clients in.</summary>
    /// <param name="folder">A new folder.</param>
    /// <param name="server">Where the server listens on this machine.</param>
    public static async Task<Pooler> StartAsync(string folder, int server)
    {
        Directory.CreateDirectory(folder);
        var port = PostgresServer.FreePort(Host);
        var settings = Path.Combine(folder, "pgbouncer.ini");
        // A server that cannot be reached is tried again after a second: by default it is 15, whatever the clients do.
        await File.WriteAllTextAsync(settings, string.Create(CultureInfo.InvariantCulture, $"""
            [databases]
            postgres = host={Host} port={server} user=steadwork
            [pgbouncer]
            listen_addr = {Host}
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = 4
            max_client_conn = 200
            server_login_retry = 1

            """));
        // As the server, it refuses to run as root.
        string[] words = [.. PostgresServer.AsUser, Program, settings];
        await PostgresServer.LetInAsync(folder);
        var start = new ProcessStartInfo(words[0], words.Skip(1)) { WorkingDirectory = "/", RedirectStandardError = true, RedirectStandardOutput = true };
        var pooler = new Pooler(Process.Start(start)!, port);
        pooler.process.BeginOutputReadLine();
        try
        {
            await pooler.IsUpAsync().WaitAsync(Limit);
        }
        catch
        {
            await pooler.DisposeAsync();
            throw;
        }
        // What it says later must not fill the pipe.
        _ = pooler.process.StandardError.BaseStream.CopyToAsync(Stream.Null);
        return pooler;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>It says so itself, after it has begun to listen.</summary>
    private async Task IsUpAsync()
    {
        var said = new List<string>();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (line.Contains("process up", StringComparison.Ordinal))
                return;
            said.Add(line);
        }
        throw new InvalidOperationException($"{Program} ended: {string.Join('\n', said)}");
    }
}
