using Steadwork.StoreTests.Contract;
using Steadwork.StoreTests.Fixtures;

namespace Steadwork.StoreTests.OnInMemory;

public sealed class InMemoryEnqueueing : EnqueueContract<InMemoryFixture>;

public sealed class InMemoryUniqueKeys : UniqueKeyContract<InMemoryFixture>;

public sealed class InMemoryUniqueTimes : UniqueForContract<InMemoryFixture>;

public sealed class InMemoryTakenKeys : WhenTakenContract<InMemoryFixture>;

public sealed class InMemoryClaims : ClaimContract<InMemoryFixture>;

public sealed class InMemoryClaimOrders : ClaimOrderContract<InMemoryFixture>;

public sealed class InMemoryExclusiveKeys : ExclusiveKeyContract<InMemoryFixture>;

public sealed class InMemoryDependencies : DependencyContract<InMemoryFixture>;

public sealed class InMemoryBatches : BatchContract<InMemoryFixture>;

public sealed class InMemoryPauses : PauseContract<InMemoryFixture>;

public sealed class InMemoryRequirements : RequirementContract<InMemoryFixture>;

public sealed class InMemorySchedules : ScheduleContract<InMemoryFixture>;

public sealed class InMemoryStandings : StandingContract<InMemoryFixture>;

public sealed class InMemoryDelays : DelayContract<InMemoryFixture>;

public sealed class InMemoryExpiry : ExpiryContract<InMemoryFixture>;

public sealed class InMemorySuspects : ClaimAloneContract<InMemoryFixture>;

public sealed class InMemoryLeases : LeaseContract<InMemoryFixture>;

public sealed class InMemoryTransitions : TransitionContract<InMemoryFixture>;

public sealed class InMemoryRequests : RequestContract<InMemoryFixture>;

public sealed class InMemoryCrashEvidence : CrashEvidenceContract<InMemoryFixture>;

public sealed class InMemoryRecovery : RecoveryContract<InMemoryFixture>;

public sealed class InMemoryCancellations : CancellationContract<InMemoryFixture>;

public sealed class InMemoryStatistics : StatisticsContract<InMemoryFixture>;

public sealed class InMemoryLog : LogContract<InMemoryFixture>;

public sealed class InMemoryRetention : RetentionContract<InMemoryFixture>;

public sealed class InMemoryFinding : FindContract<InMemoryFixture>;

public sealed class InMemoryWakeUps : WakeUpContract<InMemoryFixture>;

public sealed class InMemoryConcurrency : ConcurrencyContract<InMemoryFixture>;

public sealed class InMemoryRateLimits : RateLimitContract<InMemoryFixture>;

public sealed class InMemoryBreakers : BreakerContract<InMemoryFixture>;
