namespace Steadwork.Peers;

/// <summary>What the program is asked to do, as node/rounds.mjs writes it.</summary>
/// <param name="Work">enqueue, bulk, drain, pickUp, or pickUps in the other process.</param>
/// <param name="Database">SQLite or PostgreSQL.</param>
/// <param name="Settings">best or default.</param>
/// <param name="Url">The path of a file, or the URL of a database; empty in either case.</param>
/// <param name="Jobs">How many are measured.</param>
/// <param name="WarmUps">How many go before them.</param>
/// <param name="Asked">What the database is to say of its durability, by the names that it has for it.</param>
/// <param name="Callers">How many enqueue at once.</param>
/// <param name="Concurrency">How many jobs run at once.</param>
internal sealed record Order(string Work, string Database, string Settings, string Url, int Jobs, int WarmUps, IReadOnlyList<string> Asked, int Callers = 1, int Concurrency = 10)
{
    public bool IsBest => Settings == "best";
}

/// <summary>What comes out.</summary>
/// <param name="Value">Jobs a second or milliseconds; none when jobs were lost.</param>
/// <param name="Lost">How many ran not at all.</param>
/// <param name="Twice">How many ran again.</param>
/// <param name="Samples">Of how many pick-ups the milliseconds are.</param>
/// <param name="Said">What the database said when it was <see cref="Order.Asked"/>, by name, in each process.</param>
internal sealed record Answer(double? Value, int Lost, int Twice, int? Samples = null, IReadOnlyList<IReadOnlyDictionary<string, string>>? Said = null);
