using Steadwork.Cli.Running;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli;

internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        AppDomain.CurrentDomain.UnhandledException += (_, failure) => Environment.Exit(Failures.Report((Exception)failure.ExceptionObject, arguments));
        try
        {
            return arguments is [RunWorker.Verb] ? await RunWorker.RunAsync().ConfigureAwait(false) : await CommandLine.RunAsync(arguments).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            return Failures.Report(error, arguments);
        }
    }
}
