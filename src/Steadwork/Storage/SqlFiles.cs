using System.Collections.Frozen;
using System.Reflection;

namespace Steadwork.Storage;

/// <summary>The statements in the <c>.sql</c> files of a store's assembly, by name. Each begins with a line <c>-- name: NAME</c>; what stands before the first is said of the whole file.</summary>
internal sealed class SqlFiles
{
    private const string Marker = "-- name: ";
    private readonly Assembly assembly;
    private readonly FrozenDictionary<string, string> byName;

    /// <param name="assembly">The assembly, which holds the files as resources.</param>
    /// <param name="files">The names of the files.</param>
    public SqlFiles(Assembly assembly, params IEnumerable<string> files)
    {
        this.assembly = assembly;
        var all = new Dictionary<string, string>();
        foreach (var file in files)
        {
            foreach (var section in Text(file).Split(Marker).Skip(1))
            {
                var end = section.IndexOf('\n', StringComparison.Ordinal);
                all.Add(section[..end].Trim(), section[(end + 1)..].Trim());
            }
        }
        byName = all.ToFrozenDictionary();
    }

    /// <summary>The named statement.</summary>
    public string this[string name] => byName[name];

    /// <summary>The names of all statements.</summary>
    public IEnumerable<string> Names => byName.Keys;

    /// <summary>A whole file.</summary>
    public string Text(string file)
    {
        using var stream = assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException($"The statement file {file} is not in the assembly.");
        return new StreamReader(stream).ReadToEnd();
    }
}
