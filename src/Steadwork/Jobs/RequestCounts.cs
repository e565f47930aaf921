namespace Steadwork;

/// <summary>What became of a request to many jobs.</summary>
/// <param name="Done">How many it was carried out on.</param>
/// <param name="Signalled">How many run, and have been told to stop.</param>
/// <param name="Refused">How many would not have it: by their state, or because another unfinished job bears their unique key.</param>
public readonly record struct RequestCounts(int Done, int Signalled, int Refused)
{
    /// <summary>Adds counts.</summary>
    public static RequestCounts operator +(RequestCounts a, RequestCounts b) => new(a.Done + b.Done, a.Signalled + b.Signalled, a.Refused + b.Refused);

    /// <summary>Adds up answers; a job that is gone counts as none.</summary>
    internal static RequestCounts Of(IEnumerable<RequestAnswer> answers) => answers.Aggregate(default(RequestCounts), (counts, answer) => answer switch
    {
        RequestAnswer.Done => counts with { Done = counts.Done + 1 },
        RequestAnswer.Signalled => counts with { Signalled = counts.Signalled + 1 },
        RequestAnswer.Refused or RequestAnswer.KeyTaken => counts with { Refused = counts.Refused + 1 },
        _ => counts,
    });
}
