using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.Cli.Copying;

/// <summary>
/// Moves what a store holds to another one: retires the old one, waits for what runs in it, copies, and compares. Up to the
/// commit of the copy anything that goes wrong takes the old store back into service; from then on it stays retired.
/// </summary>
internal sealed class StoreMove(IStore from, IStore to, string target, TimeSpan patience, CopyProgress progress)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly ICopyableStore source = (ICopyableStore)from;
    private readonly ICopyableStore destination = (ICopyableStore)to;
    private bool committing;

    /// <summary>Refuses a store that has been copied already: a second copy would have the same jobs run twice.</summary>
    public static async Task RequireNotCopiedAsync(IStore from)
    {
        var source = (ICopyableStore)from;
        if (await source.RetirementAsync(CancellationToken.None).ConfigureAwait(false) is { Copied: true, To: var there })
            throw new Refusal($"The store {source.Place} was copied to {there} before; copy that one, or take this one back into service first with 'steadwork copy --reopen'.");
    }

    /// <returns>What has been copied.</returns>
    public async Task<IReadOnlyList<CopiedSection>> RunAsync(CancellationToken stop)
    {
        if (source.Place == destination.Place)
            throw new Refusal($"--to names the store itself, {source.Place}; give another one.");
        var retirement = await source.RetirementAsync(stop).ConfigureAwait(false);
        await RequireServiceAsync(stop).ConfigureAwait(false);
        if (!await IsEmptyAsync(stop).ConfigureAwait(false))
            return await FinishAsync(retirement, stop).ConfigureAwait(false);

        await source.RetireAsync(new Retirement(target, Copied: false), CancellationToken.None).ConfigureAwait(false);
        var copied = await CopyAsync(stop).ConfigureAwait(false);
        await source.RetireAsync(new Retirement(target, Copied: true), CancellationToken.None).ConfigureAwait(false);
        return copied;
    }

    private async Task<IReadOnlyList<CopiedSection>> CopyAsync(CancellationToken stop)
    {
        try
        {
            await DrainAsync(stop).ConfigureAwait(false);
            // Two names of one store are noticed here at the latest: the one by which it is retired is not the other's.
            await RequireServiceAsync(stop).ConfigureAwait(false);
            return await FillAsync(stop).ConfigureAwait(false);
        }
        catch (Exception error) when (!committing)
        {
            await ReopenAsync(error).ConfigureAwait(false);
            if (error is OperationCanceledException)
                progress.Say("interrupted: nothing was copied, and the store is back in service");
            throw;
        }
        catch (Exception error)
        {
            throw new StoreUnavailableException($"It is not known whether the copy was kept, so the store {source.Place} stays retired; start the same copy again to find out. {error.Message}", error);
        }
    }

    private async Task ReopenAsync(Exception cause)
    {
        try
        {
            await source.ReopenAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            throw new StoreUnavailableException($"Nothing was copied, and the store {source.Place} could not be taken back into service: run 'steadwork copy --reopen' once it can be used. {cause.Message}", error);
        }
    }

    /// <summary>Waits until nothing runs any more; the jobs of workers that have died go back into their lines meanwhile.</summary>
    private async Task DrainAsync(CancellationToken stop)
    {
        var clock = TimeProvider.System;
        var began = clock.GetTimestamp();
        using var changed = new SemaphoreSlim(0);
        using var listening = from.Listen(WakeUp.Ends | WakeUp.Jobs, _ => changed.Release());
        while (true)
        {
            await from.RecoverAsync(stop).ConfigureAwait(false);
            var left = await source.SettleDownAsync(stop).ConfigureAwait(false);
            if (left.IsNothing)
                return;
            var what = left.Jobs > 0 ? Numbers.Count(left.Jobs, "job") + (left.Jobs == 1 ? " still runs" : " still run") : "a transaction that may enqueue is still open";
            if (clock.GetElapsedTime(began) > patience)
                throw new Refusal($"{what} in the store {source.Place} after {Duration.Format(patience)}; nothing was copied, and it is back in service. Give a longer --wait.", ExitStatus.WorkFailed);
            progress.Waiting($"{what}; waiting for {Duration.Format(patience)} at the most");
            await changed.WaitAsync(Look, stop).ConfigureAwait(false);
        }
    }

    private async Task<IReadOnlyList<CopiedSection>> FillAsync(CancellationToken stop)
    {
        var reader = await source.ReadOutAsync(stop).ConfigureAwait(false);
        await using var reading = reader.ConfigureAwait(false);
        var writer = await destination.FillAsync(stop).ConfigureAwait(false);
        await using var writing = writer.ConfigureAwait(false);
        // Looked at again, now that nobody else can write into it.
        if (!await StoreCopy.IsEmptyAsync(writer, stop).ConfigureAwait(false))
            throw NotEmpty();
        var copied = await StoreCopy.WriteAsync(reader, writer, (section, rows) => progress.Section("copying", section, rows), stop).ConfigureAwait(false);
        var kept = await StoreCopy.CountAsync(writer, (section, rows) => progress.Section("comparing", section, rows), stop).ConfigureAwait(false);
        if (copied.Zip(kept).FirstOrDefault(pair => pair.First != pair.Second) is { First: { } wanted } differing)
            throw new Refusal($"The copy differs from the store: of {wanted.Section.Name}, {Numbers.Count(wanted.Rows, "row")} went in and {Numbers.Count(differing.Second.Rows, "row")} came out, with hashes {wanted.Hash[..12]} and {differing.Second.Hash[..12]}. Nothing of it was kept, and the store is back in service.", ExitStatus.WorkFailed);
        stop.ThrowIfCancellationRequested();
        committing = true;
        await writer.CommitAsync().ConfigureAwait(false);
        return copied;
    }

    /// <summary>A copy that was killed between its commit and its last word is whole: only the word is missing.</summary>
    private async Task<IReadOnlyList<CopiedSection>> FinishAsync(Retirement? retirement, CancellationToken stop)
    {
        if (retirement is null)
            throw NotEmpty();
        var held = await CountAsync(source, stop).ConfigureAwait(false);
        if (!held.SequenceEqual(await CountAsync(destination, stop).ConfigureAwait(false)))
            throw NotEmpty();
        await source.RetireAsync(new Retirement(target, Copied: true), CancellationToken.None).ConfigureAwait(false);
        return held;
    }

    private async Task<IReadOnlyList<CopiedSection>> CountAsync(ICopyableStore store, CancellationToken stop)
    {
        var reader = await store.ReadOutAsync(stop).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
            return await StoreCopy.CountAsync(reader, (section, rows) => progress.Section("comparing", section, rows), stop).ConfigureAwait(false);
    }

    private async Task<bool> IsEmptyAsync(CancellationToken stop)
    {
        var reader = await destination.ReadOutAsync(stop).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
            return await StoreCopy.IsEmptyAsync(reader, stop).ConfigureAwait(false);
    }

    private async Task RequireServiceAsync(CancellationToken stop)
    {
        if (await destination.RetirementAsync(stop).ConfigureAwait(false) is { } retirement)
            throw new Refusal($"The store {destination.Place} takes nothing in: it {(retirement.Copied ? "was" : "is being")} copied to {retirement.To}. Give another --to.");
    }

    private Refusal NotEmpty() => new($"The store {destination.Place} is not empty; a copy needs a store that has never held anything. Nothing was changed.");
}
