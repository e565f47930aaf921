using System.CommandLine;
using Steadwork.Storage;

namespace Steadwork.Cli.Shell;

/// <summary>One call of a verb: the values that were given, and the way to the store.</summary>
internal sealed class Call(ParseResult parsed, GlobalOptions options)
{
    /// <summary>Whether <c>--json</c> was given.</summary>
    public bool Json => parsed.GetValue(options.Json);

    /// <summary>Whether <c>--verbose</c> was given.</summary>
    public bool Verbose => parsed.GetValue(options.Verbose);

    /// <summary>Which store is meant.</summary>
    public StoreUrl Store => StoreUrl.Choose(parsed.GetValue(options.Store));

    /// <summary>The value of an argument.</summary>
    public T? Value<T>(Argument<T> argument) => parsed.GetValue(argument);

    /// <summary>The value of an option, or its default.</summary>
    public T? Value<T>(Option<T> option) => parsed.GetValue(option);

    /// <summary>Whether an option was given.</summary>
    public bool Has(Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Whether an argument was given.</summary>
    public bool Has(Argument argument) => parsed.GetResult(argument) is { Tokens.Count: > 0 };

    /// <summary>Opens the store, and makes it when it is missing.</summary>
    public IStore OpenOrCreate() => Store.Open(create: true);

    /// <summary>Opens the store; a missing one is an error and stays missing.</summary>
    public IStore OpenExisting() => Store.Open(create: false);
}
