namespace Steadwork.Storage;

/// <summary>What there may be to do.</summary>
[Flags]
public enum WakeUp
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Jobs may have become claimable.</summary>
    Jobs = 1,

    /// <summary>Running jobs may have been asked to stop.</summary>
    Cancellations = 2,

    /// <summary>The log may have grown by the end of a job.</summary>
    Ends = 4,
}

/// <summary>Tells that something may have happened, in this process or in another. A hint: it may come late, twice or for nothing, and a bounded poll stands behind it.</summary>
public interface IWakeUps
{
    /// <summary>Calls back on each wake-up of the given kinds until the returned object is disposed. The callback must return at once.</summary>
    IDisposable Listen(WakeUp kinds, Action<WakeUp> onWakeUp);
}

/// <summary>A whole store.</summary>
public interface IStore : IJobStore, IBatchStore, IScheduleStore, IGateStore, ILogStore, IWakeUps, IAsyncDisposable;
