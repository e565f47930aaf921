using System.Diagnostics;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Inputs;

/// <summary>The W3C trace context in which the program was started.</summary>
internal static class TraceContext
{
    /// <summary>The value of <c>TRACEPARENT</c>; null when there is none or it is not valid.</summary>
    public static string? FromEnvironment() =>
        Surroundings.Current.Variable("TRACEPARENT") is { Length: 55 } parent && ActivityContext.TryParse(parent, null, out _) ? parent : null;
}
