using Steadwork.Cli.Tests.Running;
using Steadwork.Soak.Stores;

namespace Steadwork.Cli.Tests;

public sealed class SqliteKillTests : KillTests<SqliteFile>;

public sealed class SqliteStalledWorkerTests : StalledWorkerTests<SqliteFile>;

public sealed class SqliteCrowdTests : CrowdTests<SqliteFile>;

public sealed class SqliteInterruptionTests : InterruptionTests<SqliteFile>;

public sealed class SqliteResumeTests : ResumeTests<SqliteFile>;

public sealed class SqliteAttemptTests : AttemptTests<SqliteFile>;

public sealed class SqliteWorkTests : WorkTests<SqliteFile>;

public sealed class SqliteReportTests : ReportTests<SqliteFile>;

public sealed class SqliteItemTests : ItemTests<SqliteFile>;

public sealed class SqliteRequestTests : RequestTests<SqliteFile>;

public sealed class SqliteWaitTests : WaitTests<SqliteFile>;

public sealed class SqliteListTests : ListTests<SqliteFile>;

public sealed class SqliteShowTests : ShowTests<SqliteFile>;

public sealed class SqliteSchedulesTests : SchedulesTests<SqliteFile>;

public sealed class SqliteBatchesTests : BatchesTests<SqliteFile>;

public sealed class SqliteWhyTests : WhyTests<SqliteFile>;

public sealed class SqliteStatsTests : StatsTests<SqliteFile>;

public sealed class SqliteQueuesTests : QueuesTests<SqliteFile>;

public sealed class SqlitePruneTests : PruneTests<SqliteFile>;

public sealed class SqliteEnqueueTests : EnqueueTests<SqliteFile>;

public sealed class SqliteBulkEnqueueTests : BulkEnqueueTests<SqliteFile>;

public sealed class SqliteLimitsTests : LimitsTests<SqliteFile>;

public sealed class SqliteBreakersTests : BreakersTests<SqliteFile>;

public sealed class SqliteKeyKillTests(Xunit.ITestOutputHelper output) : KeyKillTests<SqliteFile>(output);
