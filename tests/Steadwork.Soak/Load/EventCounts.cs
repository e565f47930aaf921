using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Steadwork.Soak.Load;

/// <summary>Counts what workers log, by the name of the event.</summary>
public sealed class EventCounts : ILoggerFactory, ILogger
{
    private readonly ConcurrentDictionary<string, int> counts = [];

    public int this[string name] => counts.GetValueOrDefault(name);

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        counts.AddOrUpdate(eventId.Name ?? "", 1, static (_, times) => times + 1);

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
