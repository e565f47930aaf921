using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Steadwork.Cli.Programs;

namespace Steadwork.Cli.Running;

/// <summary>How a run that names none is called: the same command always leads to the same run.</summary>
internal static class RunName
{
    private const int HashDigits = 8;

    public static string Of(RunDefinition definition)
    {
        var hash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(definition, RunJson.Default.RunDefinition));
        return $"{Program(definition.Command[0])}-{Convert.ToHexStringLower(hash)[..HashDigits]}";
    }

    private static string Program(string command)
    {
        var name = new StringBuilder();
        foreach (var c in new Item(command).Name)
            name.Append(char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '_');
        return name.Length > 0 ? name.ToString() : "run";
    }
}
