namespace Steadwork.Storage;

/// <summary>Limits and breakers as they are stored and logged.</summary>
internal static class GateJson
{
    public static string Name(this LimitScope scope) => scope switch { LimitScope.Queue => "queue", LimitScope.Type => "type", _ => "key" };

    public static LimitScope Scope(string name) => name switch { "queue" => LimitScope.Queue, "type" => LimitScope.Type, _ => LimitScope.Key };

    public static string Name(this BreakerState state) => state switch { BreakerState.Closed => "closed", BreakerState.Open => "open", _ => "half-open" };

    public static BreakerState State(string name) => name switch { "closed" => BreakerState.Closed, "open" => BreakerState.Open, _ => BreakerState.HalfOpen };

    /// <summary>The word of the log for a breaker that has been opened or closed.</summary>
    public static string LogKind(BreakerState state) => state is BreakerState.Closed ? LogKinds.BreakerClosed : LogKinds.BreakerOpened;

    public static ReadOnlyMemory<byte> Said(LimitScope scope, string name, string by) => NamedJson.Write(scope.Name(), name, by);

    public static ReadOnlyMemory<byte> Said(RateLimit limit, string by) => NamedJson.Write(limit.Scope.Name(), limit.Name, by, json =>
    {
        json.WriteNumber("starts", limit.Starts);
        json.WriteNumber("period", (long)limit.Period.TotalMilliseconds);
        json.WriteBoolean("smooth", limit.Smooth);
    });

    public static ReadOnlyMemory<byte> Said(string breaker, string by) => NamedJson.Write("breaker", breaker, by);

    /// <summary>What has opened or closed one that nobody did by hand.</summary>
    public static string Calls(CallCounts calls) => calls.Failed > 0 ? $"{calls.Failed} of {calls.All} calls, which failed" : "calls that went well";
}
