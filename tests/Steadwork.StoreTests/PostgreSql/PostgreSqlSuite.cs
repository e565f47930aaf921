using Steadwork.StoreTests.Contract;
using Steadwork.StoreTests.Fixtures;

namespace Steadwork.StoreTests.OnPostgreSql;

public sealed class PostgreSqlEnqueueing : EnqueueContract<PostgreSqlFixture>;

public sealed class PostgreSqlUniqueKeys : UniqueKeyContract<PostgreSqlFixture>;

public sealed class PostgreSqlUniqueTimes : UniqueForContract<PostgreSqlFixture>;

public sealed class PostgreSqlTakenKeys : WhenTakenContract<PostgreSqlFixture>;

public sealed class PostgreSqlClaims : ClaimContract<PostgreSqlFixture>;

public sealed class PostgreSqlClaimOrders : ClaimOrderContract<PostgreSqlFixture>;

public sealed class PostgreSqlExclusiveKeys : ExclusiveKeyContract<PostgreSqlFixture>;

public sealed class PostgreSqlDependencies : DependencyContract<PostgreSqlFixture>;

public sealed class PostgreSqlBatches : BatchContract<PostgreSqlFixture>;

public sealed class PostgreSqlBatchTransactions : BatchTransactionsContract<PostgreSqlFixture>;

public sealed class PostgreSqlPauses : PauseContract<PostgreSqlFixture>;

public sealed class PostgreSqlRequirements : RequirementContract<PostgreSqlFixture>;

public sealed class PostgreSqlSchedules : ScheduleContract<PostgreSqlFixture>;

public sealed class PostgreSqlStandings : StandingContract<PostgreSqlFixture>;

public sealed class PostgreSqlDelays : DelayContract<PostgreSqlFixture>;

public sealed class PostgreSqlExpiry : ExpiryContract<PostgreSqlFixture>;

public sealed class PostgreSqlSuspects : ClaimAloneContract<PostgreSqlFixture>;

public sealed class PostgreSqlLeases : LeaseContract<PostgreSqlFixture>;

public sealed class PostgreSqlTransitions : TransitionContract<PostgreSqlFixture>;

public sealed class PostgreSqlRequests : RequestContract<PostgreSqlFixture>;

public sealed class PostgreSqlCrashEvidence : CrashEvidenceContract<PostgreSqlFixture>;

public sealed class PostgreSqlRecovery : RecoveryContract<PostgreSqlFixture>;

public sealed class PostgreSqlCancellations : CancellationContract<PostgreSqlFixture>;

public sealed class PostgreSqlStatistics : StatisticsContract<PostgreSqlFixture>;

public sealed class PostgreSqlLog : LogContract<PostgreSqlFixture>;

public sealed class PostgreSqlRetention : RetentionContract<PostgreSqlFixture>;

public sealed class PostgreSqlFinding : FindContract<PostgreSqlFixture>;

public sealed class PostgreSqlWakeUps : WakeUpContract<PostgreSqlFixture>;

public sealed class PostgreSqlConcurrency : ConcurrencyContract<PostgreSqlFixture>;

public sealed class PostgreSqlTransactions : TransactionsContract<PostgreSqlFixture>;

public sealed class PostgreSqlRateLimits : RateLimitContract<PostgreSqlFixture>;

public sealed class PostgreSqlBreakers : BreakerContract<PostgreSqlFixture>;

public sealed class PostgreSqlGateRows : GateRowsContract<PostgreSqlFixture>;

public sealed class PostgreSqlCondemnation : CondemnationContract<PostgreSqlFixture>;
