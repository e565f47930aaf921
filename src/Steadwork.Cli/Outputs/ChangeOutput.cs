using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>What became of something that can be paused, or has been removed.</summary>
internal static class ChangeOutput
{
    /// <summary>Who asks for it, for people and the log.</summary>
    public static string By => $"{Environment.UserName} on the command line";

    /// <param name="call">The call.</param>
    /// <param name="scope">What the name is one of.</param>
    /// <param name="name">Its name.</param>
    /// <param name="changed">Whether anything was changed.</param>
    /// <param name="text">How it stands now, as the end of a sentence.</param>
    public static void Print(Call call, PauseScope scope, string name, bool changed, string text)
    {
        if (!call.Json)
        {
            Console.Out.WriteLine($"The {What(scope)} {PlainText.Line(name)} {text}.");
            return;
        }
        JsonOutput.Document(json =>
        {
            json.WriteStartObject();
            json.WriteString(scope.Name(), name);
            json.WriteBoolean("changed", changed);
            json.WriteEndObject();
        });
    }

    /// <summary>What it is called.</summary>
    public static string What(PauseScope scope) => scope is PauseScope.Type ? "job type" : scope.Name();
}
