namespace Steadwork.Peers;

/// <summary>What the program is asked to do, as node/rounds.mjs writes it.</summary>
/// <param name="Work">enqueue, bulk, drain, pickUp, or pickUps in the other process.</param>
/// <param name="Database">SQLite or PostgreSQL.</param>
/// <param name="Settings">best or default.</param>
/// <param name="Url">The path of a file, or the URL of a database; empty in either case.</param>
/// <param name="Jobs">How many are measured.</param>
/// <param name="WarmUps">How many go before them.</param>
/// <param name="Callers">How many enqueue at once.</param>
/// <param name="Concurrency">How many jobs run at once.</param>
internal sealed record Order(string Work, string Database, string Settings, string Url, int Jobs, int WarmUps, int Callers = 1, int Concurrency = 10)
{
    public bool IsBest => Settings == "best";
}

/// <summary>What comes out: jobs a second or milliseconds, none when jobs were lost, and how many ran not at all, or again.</summary>
internal sealed record Answer(double? Value, int Lost, int Twice);
