using System.Text;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>Values where a test does not care which.</summary>
internal static class Some
{
    public const string Type = "work";

    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    public static NewJob Job { get; } = new() { Type = Type, Payload = Json("{}") };

    public static JobError Error { get; } = new("System.IO.IOException", "The pipe is broken.", "   at Somewhere()");

    public static JobError Crash { get; } = new(AttemptOutcomes.CrashType, "Its worker was lost.");

    public static Transition.Succeed Success { get; } = new(default(ReadOnlyMemory<byte>));

    public static NewJob[] Jobs(int count) => [.. Enumerable.Repeat(Job, count)];

    public static ReadOnlyMemory<byte> Json(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);
}
