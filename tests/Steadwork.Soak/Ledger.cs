namespace Steadwork.Soak;

/// <summary>
/// What the programs themselves tell of their runs, apart from the store. Each holds a lock on its item as long as any
/// process of its tree lives, so that two at once on one item meet, however each was started.
/// </summary>
public sealed class Ledger
{
    private readonly string folder;

    public Ledger(string folder)
    {
        this.folder = folder;
        Directory.CreateDirectory(Path.Combine(folder, "locks"));
        File.WriteAllText(Program, $"""
            #!/bin/sh
            # An item is worked on by two processes, of which the second is the longer-lived one when only the first is killed.
            exec 9>"{folder}/locks/$1"
            flock -n 9 || echo "overlap $1 $STEADWORK_ATTEMPT" >>"{folder}/ledger"
            echo "start $1 $STEADWORK_ATTEMPT" >>"{folder}/ledger"
            sleep "$2"
            echo "end $1 $STEADWORK_ATTEMPT" >>"{folder}/ledger"
            """.ReplaceLineEndings("\n") + "\n");
        File.SetUnixFileMode(Program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>The program to run for each item: its arguments are the item and how long it takes, in seconds.</summary>
    public string Program => Path.Combine(folder, "work.sh");

    /// <summary>What has been told so far: word, item, attempt.</summary>
    public List<(string Word, string Item, int Attempt)> Read()
    {
        var path = Path.Combine(folder, "ledger");
        return !File.Exists(path) ? [] : [.. File.ReadLines(path)
            .Select(line => line.Split(' '))
            .Select(words => (words[0], words[1], int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture)))];
    }
}
