using Steadwork.Storage;

namespace Steadwork.Soak.Stores;

/// <summary>A place for one store, in which there is none at first. The store goes with the place.</summary>
public interface IStorePlace : IDisposable
{
    /// <summary>Where files may be; it is the maker's, who removes it afterwards.</summary>
    string Folder { init; }

    /// <summary>What the program is told by <c>--store</c> or $STEADWORK_STORE.</summary>
    string Url { get; }

    /// <summary>Whether anything of a store is there.</summary>
    bool IsTaken { get; }

    /// <summary>How many processes wait for wake-ups.</summary>
    int Listeners { get; }

    /// <summary>Opens the store in this process; a missing one is made.</summary>
    IStore Open();
}
