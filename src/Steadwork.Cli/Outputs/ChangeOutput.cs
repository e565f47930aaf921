using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>What became of something that can be paused, or has been removed.</summary>
internal static class ChangeOutput
{
    /// <summary>Who asks for it, for people and the log.</summary>
    public static string By => $"{Environment.UserName} on the command line";

    /// <inheritdoc cref="Print(Call, string, string, string, bool, string)"/>
    public static void Print(Call call, PauseScope scope, string name, bool changed, string text) => Print(call, What(scope), scope.Name(), name, changed, text);

    /// <param name="call">The call.</param>
    /// <param name="what">What it is one of, for people.</param>
    /// <param name="member">The same in JSON.</param>
    /// <param name="name">Its name.</param>
    /// <param name="changed">Whether anything was changed.</param>
    /// <param name="text">How it stands now, as the end of a sentence.</param>
    public static void Print(Call call, string what, string member, string name, bool changed, string text)
    {
        if (!call.Json)
        {
            Console.Out.WriteLine($"The {what} {PlainText.Line(name)} {text}.");
            return;
        }
        JsonOutput.Document(json =>
        {
            json.WriteStartObject();
            json.WriteString(member, name);
            json.WriteBoolean("changed", changed);
            json.WriteEndObject();
        });
    }

    /// <summary>What it is called.</summary>
    public static string What(PauseScope scope) => scope is PauseScope.Type ? "job type" : scope.Name();
}
