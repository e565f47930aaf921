using System.Globalization;
using Steadwork.Cli.Benching;
using Steadwork.Cli.Running;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli;

internal static class Program
{
    private static Task<int> Main(string[] arguments)
    {
        AppDomain.CurrentDomain.UnhandledException += (_, failure) => Environment.Exit(Failures.Report((Exception)failure.ExceptionObject, arguments));
        return CallAsync(arguments);
    }

    /// <summary>Does what the arguments say, and tells of what goes wrong.</summary>
    /// <returns>The exit status.</returns>
    public static async Task<int> CallAsync(IReadOnlyList<string> arguments)
    {
        try
        {
            return await (arguments switch
            {
                [RunWorker.Verb] => RunWorker.RunAsync(),
                [BenchWorker.Verb, var concurrency, var tells] => BenchWorker.RunAsync(int.Parse(concurrency, CultureInfo.InvariantCulture), tells),
                _ => CommandLine.RunAsync(arguments),
            }).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            return Failures.Report(error, arguments);
        }
    }
}
