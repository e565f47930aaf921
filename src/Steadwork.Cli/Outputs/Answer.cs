using System.Text.Json;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>What a verb shows that asks the store one thing and changes nothing.</summary>
internal static class Answer
{
    /// <param name="call">The call.</param>
    /// <param name="ask">Asks the store.</param>
    /// <param name="write">Writes the answer as JSON.</param>
    /// <param name="print">Prints it for people.</param>
    /// <returns>The exit status.</returns>
    public static async Task<int> ShowAsync<T>(Call call, Func<IStore, Task<T>> ask, Action<Utf8JsonWriter, T> write, Action<T> print)
    {
        await using var store = call.OpenExisting();
        var answer = await ask(store).ConfigureAwait(false);
        if (call.Json)
            JsonOutput.Document(json => write(json, answer));
        else
            print(answer);
        return ExitStatus.Done;
    }
}
