using System.Security.Cryptography;
using System.Text;
using Steadwork.Machine;

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
        foreach (var old in Directory.EnumerateDirectories(parent, kept + "*").Where(folder => !folder.EndsWith(kept + boot, StringComparison.Ordinal)).ToList())
            Directory.Delete(old, recursive: true);
        return new WorkerFolder(Path.Combine(parent, kept + boot));
    }

    private static string Parent()
    {
        var data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return data.Length > 0 && Directory.Exists(data)
            ? Path.Combine(data, "steadwork")
            : Path.Combine(Path.GetTempPath(), $"steadwork-{Environment.UserName}");
    }
}
