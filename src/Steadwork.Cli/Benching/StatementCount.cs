using System.Diagnostics.Metrics;
using Steadwork.Status;

namespace Steadwork.Cli.Benching;

/// <summary>How many statements this process has had the database carry out since it is watched.</summary>
internal sealed class StatementCount : IDisposable
{
    private readonly MeterListener listener = new();
    private long soFar;

    public StatementCount()
    {
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref soFar, count));
        listener.EnableMeasurementEvents(Telemetry.Statements);
    }

    public long SoFar => Interlocked.Read(ref soFar);

    public void Dispose() => listener.Dispose();
}
