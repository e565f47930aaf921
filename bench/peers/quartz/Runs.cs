namespace Steadwork.Peers;

/// <summary>How often each job has run.</summary>
internal sealed class Runs(int jobs)
{
    /// <summary>How long nothing is heard of a job that is taken for lost.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly int[] times = new int[jobs];
    private TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int count, awaited;

    public int Lost => times.Count(each => each == 0);

    public int Twice => times.Count(each => each > 1);

    public void Add(int number)
    {
        Interlocked.Increment(ref times[number]);
        if (Interlocked.Increment(ref count) == Volatile.Read(ref awaited))
            reached.TrySetResult();
    }

    /// <summary>Says of how many <see cref="WhenAllAsync"/> is to hear; before any of them may run.</summary>
    public void Await(int all)
    {
        reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref awaited, all);
    }

    /// <summary>Whether all have run; false when none has for a long time, as when a job was lost.</summary>
    public async Task<bool> WhenAllAsync()
    {
        for (var before = -1; before != Volatile.Read(ref count);)
        {
            before = Volatile.Read(ref count);
            if (await Task.WhenAny(reached.Task, Task.Delay(Patience, TimeProvider.System)) == reached.Task)
                return true;
        }
        return false;
    }
}
