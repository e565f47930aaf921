namespace Steadwork.StoreTests.Fixtures;

/// <summary>A folder that goes when it is disposed; in memory where there is such a place, since waiting for a disk would be most of what these tests do.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private const string InMemory = "/dev/shm";

    public string Path { get; } = Directory.Exists(InMemory)
        ? Directory.CreateDirectory(System.IO.Path.Combine(InMemory, "steadwork-" + Guid.NewGuid().ToString("N")[..12])).FullName
        : Directory.CreateTempSubdirectory("steadwork-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
