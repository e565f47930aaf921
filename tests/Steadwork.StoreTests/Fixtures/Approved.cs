using Shouldly;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>Text that a person has looked at and approved, in the folder <c>Approved</c>.</summary>
internal static class Approved
{
    public static void Matches(string file, string text)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Approved", file);
        var approved = File.Exists(path) ? File.ReadAllText(path) : "";
        if (approved == text)
            return;
        var received = Path.Combine(AppContext.BaseDirectory, "Approved", "received." + file);
        Directory.CreateDirectory(Path.GetDirectoryName(received)!);
        File.WriteAllText(received, text);
        text.ShouldBe(approved, $"If the change is meant, approve it: cp '{received}' tests/Steadwork.StoreTests/Approved/{file}");
    }
}
