using System.Data;
using System.Globalization;
using System.Text;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.WakeUps;

/// <summary>
/// Wake-ups between processes by LISTEN and NOTIFY, outside of the transactions that they tell of: NOTIFY takes a lock of
/// the whole server at the commit. A ring that gets lost costs a poll's delay, never a job.
/// </summary>
internal sealed class Bell : IAsyncDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(5);
    private const int ListenSeconds = 30, AnswerSeconds = 5, PartingSeconds = 1;
    private const int LongestName = 63;

    private readonly Listeners listeners = new();
    private readonly Lock gate = new();
    private readonly CancellationTokenSource closed = new();
    private readonly Database database;
    private readonly TimeProvider clock;
    private readonly bool canListen;
    private readonly int mostRingsASecond;
    private readonly string channel;
    private readonly string me = Guid.NewGuid().ToString("N")[..12];
    private Task listening = Task.CompletedTask;
    private Task ringing = Task.CompletedTask;
    private readonly Action joinedElsewhere;
    private WakeUp pending;
    private bool pendingJoined;
    private bool isRinging;
    private double allowance;
    private long countedAt;

    /// <param name="database">The way to the server.</param>
    /// <param name="options">How the store was opened.</param>
    /// <param name="joinedElsewhere">Told that another process has put jobs into their line elsewhere than at its end.</param>
    public Bell(Database database, PostgreSqlStoreOptions options, Action joinedElsewhere)
    {
        this.joinedElsewhere = joinedElsewhere;
        this.database = database;
        clock = options.Clock;
        allowance = mostRingsASecond = options.MostRingsASecond;
        countedAt = TimeProvider.System.GetTimestamp();
        canListen = options.Listen && database.MaxConnections > 2 + options.Writers;
        var name = $"{options.Schema}_wake";
        channel = Encoding.UTF8.GetByteCount(name) <= LongestName ? name : string.Create(CultureInfo.InvariantCulture, $"steadwork_wake_{database.LockSpace}");
    }

    public IDisposable Listen(WakeUp kinds, Action<WakeUp> onWakeUp)
    {
        var listener = listeners.Add(kinds, onWakeUp);
        lock (gate)
        {
            if (canListen && listening.IsCompleted && !closed.IsCancellationRequested)
                listening = HearAsync(TryListen());
        }
        return listener;
    }

    /// <summary>Begins to listen before the first listener is told that it does: what happens from then on is heard.</summary>
    /// <returns>Null when the server cannot be reached at the moment.</returns>
    private NpgsqlConnection? TryListen()
    {
        NpgsqlConnection? connection = null;
        try
        {
            connection = database.Connect();
            using var listen = new NpgsqlCommand(ListenText, connection);
            listen.ExecuteNonQuery();
            return connection;
        }
        catch (Exception error) when (Unavailable.IsEnvironmental(error))
        {
            connection?.Dispose();
            return null;
        }
    }

    /// <summary>Wakes the listeners of this process.</summary>
    public void RingHere(WakeUp kinds)
    {
        if (kinds is not WakeUp.None)
            listeners.Ring(kinds);
    }

    /// <summary>A ring for whoever commits something to send along; null when there were enough of late, and <see cref="RingOthers"/> has to gather it.</summary>
    /// <inheritdoc cref="RingOthers"/>
    public Ring? TakeRing(WakeUp kinds, bool joined)
    {
        lock (gate)
        {
            if (isRinging || closed.IsCancellationRequested || Allowance() < 1)
                return null;
            allowance--;
            return RingOf(kinds, joined);
        }
    }

    /// <summary>Wakes the listeners of other processes: at once, or when the next ring is due.</summary>
    /// <param name="kinds">What there may be to do.</param>
    /// <param name="joined">Whether jobs may have joined their line elsewhere than at its end.</param>
    public void RingOthers(WakeUp kinds, bool joined)
    {
        if (kinds is WakeUp.None || mostRingsASecond == 0)
            return;
        lock (gate)
        {
            pending |= kinds;
            pendingJoined |= joined;
            if (isRinging || closed.IsCancellationRequested)
                return;
            isRinging = true;
            ringing = RingOthersAsync();
        }
    }

    /// <summary>The first ring at once, later ones gathered: the server must not be kept busy with them.</summary>
    private async Task RingOthersAsync()
    {
        await Task.Yield();
        while (true)
        {
            TimeSpan pause;
            lock (gate)
            {
                if (pending is WakeUp.None)
                {
                    isRinging = false;
                    return;
                }
                allowance = Allowance() - 1;
                pause = allowance >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-allowance / mostRingsASecond);
            }
            await Task.Delay(pause, TimeProvider.System).ConfigureAwait(false);
            Ring ring;
            lock (gate)
            {
                ring = RingOf(pending, pendingJoined);
                (pending, pendingJoined) = (WakeUp.None, false);
            }
            try
            {
                var batch = database.Batch();
                ring.AddTo(batch);
                await database.RunAsync(batch, static _ => Task.FromResult(true), CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception)
            {
                // Whatever it is, such as a server whose queue of notifications is full: the others look for themselves before long,
                // and the next ring may get through.
            }
        }
    }

    private Ring RingOf(WakeUp kinds, bool joined) => new(channel, string.Create(CultureInfo.InvariantCulture, $"{me}:{(int)kinds}:{(joined ? 1 : 0)}"));

    /// <summary>How many rings there may be at this moment.</summary>
    private double Allowance()
    {
        var now = TimeProvider.System.GetTimestamp();
        allowance = Math.Min(mostRingsASecond, allowance + mostRingsASecond * TimeProvider.System.GetElapsedTime(countedAt, now).TotalSeconds);
        countedAt = now;
        return allowance;
    }

    /// <summary>Waits for rings, on a connection that is made again whenever it breaks.</summary>
    /// <param name="first">A connection that listens already; null when there is none yet.</param>
    private async Task HearAsync(NpgsqlConnection? first)
    {
        await Task.Yield();
        var pause = TimeSpan.Zero;
        while (!closed.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(pause, TimeProvider.System, closed.Token).ConfigureAwait(false);
                var connection = first ?? await ListenAgainAsync().ConfigureAwait(false);
                first = null;
                await using (connection.ConfigureAwait(false))
                {
                    pause = TimeSpan.Zero;
                    await ListenOnAsync(connection).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (closed.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is StoreUnavailableException || Unavailable.IsEnvironmental(error) || error is ObjectDisposedException)
            {
                pause = pause == TimeSpan.Zero ? TimeSpan.FromMilliseconds(100) : pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    /// <summary>Waits for rings until the bell is closed or the connection breaks, and leaves the connection as it was: a pool may hand it on with all that it listens to.</summary>
    private async Task ListenOnAsync(NpgsqlConnection connection)
    {
        connection.Notification += Hear;
        try
        {
            while (!closed.IsCancellationRequested)
            {
                if (!await connection.WaitAsync(LookAfter, closed.Token).ConfigureAwait(false))
                    await LookAsync(connection).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested)
        {
        }
        finally
        {
            connection.Notification -= Hear;
        }
        if (connection.State is ConnectionState.Open)
            await TellAsync(connection, $"UNLISTEN {QuotedChannel}", PartingSeconds, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>A connection that was cut silently hears nothing for ever, and says nothing either: it has to be asked.</summary>
    private Task LookAsync(NpgsqlConnection connection) => TellAsync(connection, "SELECT 1", AnswerSeconds, closed.Token);

    private static async Task TellAsync(NpgsqlConnection connection, string text, int seconds, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(text, connection) { CommandTimeout = seconds };
        await using (command.ConfigureAwait(false))
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<NpgsqlConnection> ListenAgainAsync()
    {
        var connection = await database.ConnectAsync(closed.Token).ConfigureAwait(false);
        try
        {
            await TellAsync(connection, ListenText, ListenSeconds, closed.Token).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        // Whatever was rung while nobody listened.
        listeners.Ring(WakeUp.Jobs | WakeUp.Cancellations | WakeUp.Ends);
        return connection;
    }

    private string ListenText => $"LISTEN {QuotedChannel}";

    private string QuotedChannel => Database.Quoted(channel);

    private void Hear(object sender, NpgsqlNotificationEventArgs ring)
    {
        // The connection may be listening to other channels, by whoever had it before.
        if (ring.Channel != channel || ring.Payload.Split(':') is not [var from, var kinds, var joined] || from == me || !int.TryParse(kinds, NumberStyles.None, CultureInfo.InvariantCulture, out var rung))
            return;
        if (joined == "1")
            joinedElsewhere();
        listeners.Ring((WakeUp)rung);
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate)
            closed.Cancel();
        await listening.ConfigureAwait(false);
        await ringing.ConfigureAwait(false);
        closed.Dispose();
    }
}
