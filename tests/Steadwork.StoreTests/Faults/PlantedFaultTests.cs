using FsCheck.Fluent;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Steadwork.StoreTests.Model;
using Xunit;

namespace Steadwork.StoreTests.Faults;

/// <summary>A check that cannot fail proves nothing: each planted fault must be found.</summary>
public sealed class PlantedFaultTests
{
    private const int SequencesAtMost = 4000;
    private const int CommandsAtMost = 200;

    private static readonly Dictionary<string, Func<IStore, FaultMemory, FaultyStore>> Plants = new()
    {
        ["ignores the token"] = (store, memory) => new IgnoresTheToken(store, memory),
        ["reuses tokens"] = (store, memory) => new ReusesTokens(store, memory),
        ["does not count crashes"] = (store, memory) => new DoesNotCountCrashes(store, memory),
        ["gives a job twice"] = (store, memory) => new GivesAJobTwice(store, memory),
        ["drops log entries"] = (store, memory) => new DropsLogEntries(store, memory),
        ["keeps stale errors"] = (store, memory) => new KeepsStaleErrors(store, memory),
        ["hides lost leases"] = (store, memory) => new HidesLostLeases(store, memory),
        ["forgets kept keys"] = (store, memory) => new ForgetsKeptKeys(store, memory),
        ["forgets for how long a key is taken"] = (store, memory) => new ForgetsKeyTimes(store, memory),
        ["keeps a key for ever that is taken for a time"] = (store, memory) => new KeepsLentKeys(store, memory),
        ["replaces nothing"] = (store, memory) => new ReplacesNothing(store, memory),
        ["replaces the payload without the time"] = (store, memory) => new ReplacesThePayloadOnly(store, memory),
        ["replaces the time without the payload"] = (store, memory) => new ReplacesTheTimeOnly(store, memory),
        ["replaces the time as well"] = (store, memory) => new ReplacesTheTimeAsWell(store, memory),
        ["replaces the payload as well"] = (store, memory) => new ReplacesThePayloadAsWell(store, memory),
        ["does not refuse a taken key"] = (store, memory) => new RefusesNothing(store, memory),
        ["claims suspects beside others"] = (store, memory) => new ClaimsSuspectsBesideOthers(store, memory),
        ["runs delayed jobs at once"] = (store, memory) => new RunsDelayedJobsAtOnce(store, memory),
        ["swallows cancellations"] = (store, memory) => new SwallowsCancellations(store, memory),
        ["ignores exclusive keys"] = (store, memory) => new IgnoresExclusiveKeys(store, memory),
        ["takes every exclusive limit for one"] = (store, memory) => new TakesEveryLimitForOne(store, memory),
        ["lets one more run than an exclusive key allows"] = (store, memory) => new LetsOneMoreRun(store, memory),
        ["mixes up exclusive keys"] = (store, memory) => new MixesUpExclusiveKeys(store, memory),
        ["pauses the wrong thing"] = (store, memory) => new PausesTheWrongThing(store, memory),
        ["holds no limit"] = (store, memory) => new HoldsNoLimit(store, memory),
        ["lets one more begin than a limit says"] = (store, memory) => new LetsOneMoreBegin(store, memory),
        ["lets come at once what is to be spread"] = (store, memory) => new SpreadsNothing(store, memory),
        ["lets everyone through half-open"] = (store, memory) => new LetsEveryoneThroughHalfOpen(store, memory),
        ["counts the failures of a lifetime"] = (store, memory) => new CountsForALifetime(store, memory),
        ["charges for snoozes"] = (store, memory) => new ChargesForSnoozes(store, memory),
        ["ticks while paused"] = (store, memory) => new TicksWhilePaused(store, memory),
        ["never breaks"] = (store, memory) => new NeverBreaks(store, memory),
        ["forgets which jobs are probes"] = (store, memory) => new ForgetsProbes(store, memory),
        ["ignores the order"] = (store, memory) => new IgnoresTheOrder(store, memory),
        ["lets nothing age"] = (store, memory) => new LetsNothingAge(store, memory),
        ["mixes up the queues"] = (store, memory) => new MixesUpTheQueues(store, memory),
        ["lets nothing expire"] = (store, memory) => new LetsNothingExpire(store, memory),
        ["comes back too late for what expires"] = (store, memory) => new OverlooksExpiry(store, memory),
        ["does not wait for parents"] = (store, memory) => new DoesNotWaitForParents(store, memory),
        ["waits for one parent of several"] = (store, memory) => new WaitsForOneParent(store, memory),
        ["runs the children of the failed"] = (store, memory) => new RunsChildrenOfTheFailed(store, memory),
        ["cancels every child"] = (store, memory) => new CancelsEveryChild(store, memory),
        ["ends a batch that is open"] = (store, memory) => new EndsOpenBatches(store, memory),
        ["never ends a batch that was open"] = (store, memory) => new ForgetsToClose(store, memory),
        ["runs the follower of a batch in which one failed"] = (store, memory) => new FollowsAnyway(store, memory),
        ["cancels a follower that is to run anyway"] = (store, memory) => new FollowsSuccessAlone(store, memory),
        ["loses the follower of a batch"] = (store, memory) => new LosesTheFollower(store, memory),
        ["takes jobs into a closed batch"] = (store, memory) => new TakesJobsIntoClosedBatches(store, memory),
        ["counts what was pruned no more"] = (store, memory) => new ForgetsPrunedJobsOfBatches(store, memory),
        ["ticks twice"] = (store, memory) => new TicksTwice(store, memory),
        ["forgets versions"] = (store, memory) => new ForgetsVersions(store, memory),
        ["lets ticks overlap"] = (store, memory) => new LetsTicksOverlap(store, memory),
        ["prunes too early"] = (store, memory) => new PrunesTooEarly(store, memory),
        ["ignores the rule of a queue"] = (store, memory) => new IgnoresTheRuleOfAQueue(store, memory),
        ["forgets to prune the log"] = (store, memory) => new ForgetsToPruneTheLog(store, memory),
        ["gives a job to a worker that lacks what it requires"] = (store, memory) => new IgnoresRequirements(store, memory),
        ["takes one required tag for all of them"] = (store, memory) => new RequiresOneTagOfSeveral(store, memory),
        ["takes every worker for one that goes by priority"] = (store, memory) => new TakesEveryRuleForTheDefault(store, memory),
        ["keeps the first retention"] = (store, memory) => new KeepsTheFirstRetention(store, memory),
        ["revives the dead"] = (store, memory) => new RevivesTheDead(store, memory),
    };

    public static TheoryData<string> Faults => [.. Plants.Keys];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_planted_fault_is_found(string fault)
    {
        for (var tried = 0; tried < SequencesAtMost; tried++)
        {
            var sequence = Sequences.Arbitrary.Generator.Sample(1, CommandsAtMost).Single();
            if (await Comparison.DifferenceAsync(() => new InMemoryFixture(), () => new FaultyFixture(Plants[fault]), sequence) is not null)
                return;
        }
        Assert.Fail($"No sequence shows that the store {fault}.");
    }
}
