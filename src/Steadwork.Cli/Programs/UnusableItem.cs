namespace Steadwork.Cli.Programs;

/// <summary>An item lacks what the command asks of it. Its message is one sentence.</summary>
internal sealed class UnusableItem(string message) : Exception(message);
