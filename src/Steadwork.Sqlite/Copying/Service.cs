using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.Sqlite.Copying;

/// <summary>Takes the store out of service and back.</summary>
internal static class Service
{
    public static Retirement? RetirementOf(Database database) => Retirement.Parse(database["retirement"].First(row => row.Text(0)));

    public static bool Retire(WriteTransaction transaction, Retirement retirement)
    {
        transaction.Database["retire"].Bind(1, retirement.Stored).Run();
        transaction.ForgetService();
        return true;
    }

    public static bool Reopen(WriteTransaction transaction)
    {
        transaction.Database["reopen"].Run();
        transaction.ForgetService();
        transaction.WakeAfterCommit(WakeUp.Jobs);
        return true;
    }

    public static UnderWay SettleDown(WriteTransaction transaction)
    {
        transaction.Family.AttendAll(transaction);
        transaction.Flush();
        var running = transaction.Database["running"].First(row => row.Long(0));
        if (running == 0 && transaction.Retirement is not null)
            SignOff(transaction);
        return new UnderWay(running, Transactions: false);
    }

    /// <summary>Nothing of what an idle worker would still write, its own end above all, may come after the copy has been read.</summary>
    private static void SignOff(WriteTransaction transaction)
    {
        foreach (var worker in transaction.Database["registered"].All(row => row.Long(0)))
        {
            transaction.Database["delete-worker"].Bind(1, worker).Run();
            transaction.Log(LogKinds.WorkerStopped, transaction.Now, null, null, worker);
        }
        transaction.WakeAfterCommit(WakeUp.Jobs);
    }
}
