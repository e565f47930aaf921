namespace Steadwork.Peers;

/// <summary>The payload of all jobs, about 100 bytes as JSON: that of "steadwork bench", with the job's number as the size.</summary>
internal sealed record Note(string Path, int Size, string[] Tags, string Reason)
{
    public static Note Numbered(int number) => new("notes/2026/a-note-of-usual-length.md", number, ["a", "b", "c"], "import of notes");
}
