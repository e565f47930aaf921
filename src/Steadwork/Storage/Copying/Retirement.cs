namespace Steadwork.Storage.Copying;

/// <summary>Why a store takes no more work: it is being copied to another one, or has been.</summary>
/// <param name="To">The other store, for people; without a password.</param>
/// <param name="Copied">Whether the copy is whole. Until it is, the store may be taken back into service.</param>
public sealed record Retirement(string To, bool Copied)
{
    private const string Whole = "copied ", UnderWay = "copying ";

    /// <summary>As it stands in the store.</summary>
    internal string Stored => (Copied ? Whole : UnderWay) + To;

    internal static Retirement? Parse(string? stored) =>
        stored is null ? null
        : stored.StartsWith(Whole, StringComparison.Ordinal) ? new Retirement(stored[Whole.Length..], Copied: true)
        : new Retirement(stored[(stored.IndexOf(' ', StringComparison.Ordinal) + 1)..], Copied: false);
}

/// <summary>The store takes no more work, because it is being copied to another one or has been. The message says which.</summary>
public sealed class StoreRetiredException : StoreUnavailableException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="place">The store, for people.</param>
    /// <param name="retirement">Why it takes no more work; null when that is not known any more.</param>
    public StoreRetiredException(string place, Retirement? retirement)
        : base(retirement switch
        {
            { Copied: true } => $"The store {place} was copied to {retirement.To} and takes no more work; use that one.",
            { Copied: false } => $"The store {place} is being copied to {retirement.To} and takes no more work.",
            null => $"The store {place} takes no more work at the moment.",
        }) { }
}
