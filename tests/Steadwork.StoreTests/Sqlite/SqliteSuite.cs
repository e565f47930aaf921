using Steadwork.StoreTests.Contract;
using Steadwork.StoreTests.Fixtures;

namespace Steadwork.StoreTests.OnSqlite;

public sealed class SqliteEnqueueing : EnqueueContract<SqliteFixture>;

public sealed class SqliteUniqueKeys : UniqueKeyContract<SqliteFixture>;

public sealed class SqliteUniqueTimes : UniqueForContract<SqliteFixture>;

public sealed class SqliteTakenKeys : WhenTakenContract<SqliteFixture>;

public sealed class SqliteClaims : ClaimContract<SqliteFixture>;

public sealed class SqliteClaimOrders : ClaimOrderContract<SqliteFixture>;

public sealed class SqliteExclusiveKeys : ExclusiveKeyContract<SqliteFixture>;

public sealed class SqliteDependencies : DependencyContract<SqliteFixture>;

public sealed class SqliteBatches : BatchContract<SqliteFixture>;

public sealed class SqliteBatchTransactions : BatchTransactionsContract<SqliteFixture>;

public sealed class SqlitePauses : PauseContract<SqliteFixture>;

public sealed class SqliteRequirements : RequirementContract<SqliteFixture>;

public sealed class SqliteSchedules : ScheduleContract<SqliteFixture>;

public sealed class SqliteStandings : StandingContract<SqliteFixture>;

public sealed class SqliteDelays : DelayContract<SqliteFixture>;

public sealed class SqliteExpiry : ExpiryContract<SqliteFixture>;

public sealed class SqliteSuspects : ClaimAloneContract<SqliteFixture>;

public sealed class SqliteLeases : LeaseContract<SqliteFixture>;

public sealed class SqliteTransitions : TransitionContract<SqliteFixture>;

public sealed class SqliteRequests : RequestContract<SqliteFixture>;

public sealed class SqliteCrashEvidence : CrashEvidenceContract<SqliteFixture>;

public sealed class SqliteRecovery : RecoveryContract<SqliteFixture>;

public sealed class SqliteCancellations : CancellationContract<SqliteFixture>;

public sealed class SqliteStatistics : StatisticsContract<SqliteFixture>;

public sealed class SqliteLog : LogContract<SqliteFixture>;

public sealed class SqliteRetention : RetentionContract<SqliteFixture>;

public sealed class SqliteFinding : FindContract<SqliteFixture>;

public sealed class SqliteWakeUps : WakeUpContract<SqliteFixture>;

public sealed class SqliteConcurrency : ConcurrencyContract<SqliteFixture>;

public sealed class SqliteTransactions : TransactionsContract<SqliteFixture>;

public sealed class SqliteRateLimits : RateLimitContract<SqliteFixture>;

public sealed class SqliteBreakers : BreakerContract<SqliteFixture>;

public sealed class SqliteGateRows : GateRowsContract<SqliteFixture>;

public sealed class SqliteCondemnation : CondemnationContract<SqliteFixture>;
