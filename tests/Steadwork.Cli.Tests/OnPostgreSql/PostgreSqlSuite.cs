using Steadwork.Cli.Tests.Running;
using Steadwork.Soak.Stores;

namespace Steadwork.Cli.Tests.OnPostgreSql;

public sealed class PostgreSqlKillTests : KillTests<PostgreSqlSchema>;

public sealed class PostgreSqlStalledWorkerTests : StalledWorkerTests<PostgreSqlSchema>;

public sealed class PostgreSqlCrowdTests : CrowdTests<PostgreSqlSchema>;

public sealed class PostgreSqlInterruptionTests : InterruptionTests<PostgreSqlSchema>;

public sealed class PostgreSqlResumeTests : ResumeTests<PostgreSqlSchema>;

public sealed class PostgreSqlAttemptTests : AttemptTests<PostgreSqlSchema>;

public sealed class PostgreSqlWorkTests : WorkTests<PostgreSqlSchema>;

public sealed class PostgreSqlReportTests : ReportTests<PostgreSqlSchema>;

public sealed class PostgreSqlItemTests : ItemTests<PostgreSqlSchema>;

public sealed class PostgreSqlRequestTests : RequestTests<PostgreSqlSchema>;

public sealed class PostgreSqlWaitTests : WaitTests<PostgreSqlSchema>;

public sealed class PostgreSqlListTests : ListTests<PostgreSqlSchema>;

public sealed class PostgreSqlShowTests : ShowTests<PostgreSqlSchema>;

public sealed class PostgreSqlSchedulesTests : SchedulesTests<PostgreSqlSchema>;

public sealed class PostgreSqlBatchesTests : BatchesTests<PostgreSqlSchema>;

public sealed class PostgreSqlWhyTests : WhyTests<PostgreSqlSchema>;

public sealed class PostgreSqlStatsTests : StatsTests<PostgreSqlSchema>;

public sealed class PostgreSqlQueuesTests : QueuesTests<PostgreSqlSchema>;

public sealed class PostgreSqlPruneTests : PruneTests<PostgreSqlSchema>;

public sealed class PostgreSqlEnqueueTests : EnqueueTests<PostgreSqlSchema>;

public sealed class PostgreSqlBulkEnqueueTests : BulkEnqueueTests<PostgreSqlSchema>;

public sealed class PostgreSqlLimitsTests : LimitsTests<PostgreSqlSchema>;

public sealed class PostgreSqlBreakersTests : BreakersTests<PostgreSqlSchema>;

public sealed class PostgreSqlKeyKillTests(Xunit.ITestOutputHelper output) : KeyKillTests<PostgreSqlSchema>(output);
