using System.CommandLine;
using Steadwork.Cli.Copying;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage.Copying;

namespace Steadwork.Cli.Commands;

/// <summary><c>copy</c>: moves everything that the store holds to another one.</summary>
internal static class CopyCommand
{
    private static readonly TimeSpan UsualWait = TimeSpan.FromMinutes(5);

    private static readonly Option<string?> To = Options.Text("--to", "URL", "The other store; a missing one is made, and one that has ever held anything is refused.");
    private static readonly Option<TimeSpan?> Wait = Options.Duration("--wait", "How long to wait for the jobs that run. Default: 5m.");
    private static readonly Option<bool> Reopen = Options.Flag("--reopen", "Instead of copying, take the store back into service after a copy that was broken off, or is not wanted.");

    public static Verb Create() => new Verb(
        "copy",
        "Copies everything that the store holds into another one, of its own kind or of the other, and compares both. The old store takes no more work from then on; should the copy not succeed, it goes on as before.",
        "steadwork copy --store sqlite:app.db --to postgres://app@db.example/app",
        "steadwork copy --store sqlite:app.db --reopen")
    {
        To, Wait, Reopen,
    }.Does(CopyAsync);

    private static async Task<int> CopyAsync(Call call)
    {
        if (call.Value(Reopen) == call.Has(To))
            throw new Refusal("Give either --to URL, the store to copy to, or --reopen.");
        if (call.Value(Reopen))
            return await ReopenAsync(call).ConfigureAwait(false);

        var target = StoreUrl.Parse(call.Value(To)!, "--to");
        using var signals = new StopSignals();
        using var progress = new CopyProgress(silent: call.Json);
        await using var from = call.OpenExisting();
        await StoreMove.RequireNotCopiedAsync(from).ConfigureAwait(false);
        await using var to = target.Open(create: true);
        var move = new StoreMove(from, to, target.Shown, call.Value(Wait) ?? UsualWait, progress);
        var copied = await move.RunAsync(signals.Token).ConfigureAwait(false);
        progress.Dispose();
        if (call.Json)
            CopyReport.PrintJson(copied, target.Shown);
        else
            CopyReport.Print(copied, call.Store.Shown, target.Shown, StoreUrl.Variable);
        return ExitStatus.Done;
    }

    private static async Task<int> ReopenAsync(Call call)
    {
        await using var store = call.OpenExisting();
        var copyable = (ICopyableStore)store;
        var retirement = await copyable.RetirementAsync(CancellationToken.None).ConfigureAwait(false);
        await copyable.ReopenAsync(CancellationToken.None).ConfigureAwait(false);
        Console.Out.WriteLine(retirement is { Copied: true }
            ? $"The store {copyable.Place} is in service again. The copy at {retirement.To} knows nothing of what happens here from now on, nor this one of what happens there."
            : $"The store {copyable.Place} is in service.");
        return ExitStatus.Done;
    }
}
