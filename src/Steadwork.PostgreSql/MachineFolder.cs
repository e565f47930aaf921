using System.Security.Cryptography;
using System.Text;
using Steadwork.Machine;
using Steadwork.Storage;

namespace Steadwork.PostgreSql;

/// <summary>
/// Where the workers that one user runs on this machine for one store leave their locks and marks: by these the death of
/// one is seen at once, where other machines must wait for its lease to run out.
/// </summary>
internal static class MachineFolder
{
    public static WorkerFolder Of(string storeId)
    {
        var boot = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Boot.Id)))[..8];
        // Of this boot alone: what an earlier one left means nothing any more. And of this machine, should the folder be shared by several.
        var parent = WorkerFolder.Make(Parent());
        var kept = $"{storeId}-{Environment.MachineName}-";
        foreach (var old in Directory.EnumerateDirectories(parent, kept + "*").Where(folder => IsOfAnotherBoot(Path.GetFileName(folder), kept, boot)).ToList())
            RemoveOld(old);
        return new WorkerFolder(Path.Combine(parent, kept + boot));
    }

    /// <summary>The name of another machine may begin with this one's.</summary>
    private static bool IsOfAnotherBoot(string folder, string kept, string boot) =>
        folder.Length == kept.Length + boot.Length && folder[kept.Length..].All(char.IsAsciiHexDigitLower) && !folder.EndsWith(boot, StringComparison.Ordinal);

    private static void RemoveOld(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // Others, which start at the same moment, are at it as well.
        }
    }

    private static string Parent()
    {
        var data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create);
        if (data.Length > 0 && Directory.Exists(data))
            return Path.Combine(data, "steadwork");
        // Everybody may write beside it: it has to be one that nobody else can have a hand in.
        var shared = WorkerFolder.Make(Path.Combine(Path.GetTempPath(), $"steadwork-{Environment.UserName}"));
        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(shared) != (UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute))
            throw new StoreUnavailableException($"The folder '{shared}', for the locks of this user's workers, is open to others; remove it, or give the user a home.");
        return shared;
    }
}
