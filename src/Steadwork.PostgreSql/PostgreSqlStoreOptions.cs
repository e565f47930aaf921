namespace Steadwork.PostgreSql;

/// <summary>How a PostgreSQL store is opened.</summary>
public sealed class PostgreSqlStoreOptions
{
    /// <summary>The schema that holds its tables; several stores can share a database. Default <c>steadwork</c>; 1 to 63 bytes of UTF-8, no control character, quote or backslash among them.</summary>
    public string Schema { get; set; } = "steadwork";

    /// <summary>Whether a missing store is made. Default true; false refuses instead.</summary>
    public bool Create { get; set; } = true;

    /// <summary>
    /// Whether to wait for wake-ups of other processes by <c>LISTEN</c>, which takes a connection for good. Default true;
    /// false looks once a second instead, as behind a PgBouncer in transaction mode, which cannot hand them on.
    /// </summary>
    public bool Listen { get; set; } = true;

    /// <summary>Whether to have the server keep statements prepared. Default true; false where connections change between statements and are not told of it.</summary>
    public bool Prepare { get; set; } = true;

    /// <summary>How many connections enqueue at once under load. Default 2; at least 1.</summary>
    public int Writers { get; set; } = 2;

    /// <summary>The clock by which waits are timed; times in the store are the server's. Default <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>How often a process asks the server for workers whose lease has run out, whoever asks it. Default 3 s, so that an idle worker asks it less than twice a second in all; tests ask each time.</summary>
    internal TimeSpan LapsedInterval { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>From when on a claim counts as slow, and later ones begin behind what is known to be gone. Default 5 ms; tests of exact orders never do.</summary>
    internal TimeSpan SlowClaim { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>What the age of the marks behind which claims begin goes by. Default <see cref="TimeProvider.System"/>.</summary>
    internal TimeProvider MarkClock { get; set; } = TimeProvider.System;

    /// <summary>How often a second the workers of other processes are rung at most. Default 50; 0 for never, by which the cost of it is measured.</summary>
    internal int MostRingsASecond { get; set; } = 50;

    /// <summary>How long a transaction may be open before an examination complains of it. Default 60 s.</summary>
    internal TimeSpan HeldSnapshot { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How far a replica may be behind before an examination complains of it. Default 10 s.</summary>
    internal TimeSpan ReplicaLag { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many bytes of its log of writes the server may keep for a replication slot that nobody reads from before an examination complains of it. Default 1 GiB.</summary>
    internal long KeptLog { get; set; } = 1L << 30;

    /// <summary>
    /// How long the store goes on trying to connect when the server, or this machine, is too busy to answer within the time of one try.
    /// Default null: 60 s, but no second try where the connection string says how long one may take (<c>Timeout</c>, in a URL <c>connect_timeout</c>).
    /// </summary>
    internal TimeSpan? ConnectPatience { get; set; }

    /// <summary>Where the workers of this machine leave their locks and marks. Default null: a folder of the user's.</summary>
    internal string? MachineFolder { get; set; }

    /// <summary>Checks the whole.</summary>
    /// <exception cref="ArgumentException">A value makes no sense; the message says which and what would.</exception>
    internal void Validate()
    {
        if (System.Text.Encoding.UTF8.GetByteCount(Schema) is 0 or > 63 || Schema.Any(c => char.IsControl(c) || c is '\'' or '"' or '\\'))
            throw new ArgumentException($"'{Schema}' is no name of a schema; it needs 1 to 63 bytes of UTF-8, no control character, quote or backslash among them.");
        if (Writers < 1)
            throw new ArgumentException($"{Writers} writers are too few; it takes 1 at least.");
    }
}
