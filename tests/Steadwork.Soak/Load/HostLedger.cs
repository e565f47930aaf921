using System.Globalization;

namespace Steadwork.Soak.Load;

/// <summary>What programs on several hosts tell of their runs, apart from the store.</summary>
public sealed class HostLedger(string folder)
{
    private readonly string told = Path.Combine(folder, "ledger");

    /// <summary>The program that a host runs for each job.</summary>
    public string ProgramOf(int host)
    {
        var program = Path.Combine(folder, $"work-{host}.sh");
        File.WriteAllText(program, $"""
            #!/bin/sh
            echo "start {host} $STEADWORK_JOB_ID $STEADWORK_LEASE_TOKEN" >>"{told}"
            sleep 0.5
            echo "end {host} $STEADWORK_JOB_ID $STEADWORK_LEASE_TOKEN" >>"{told}"
            """.ReplaceLineEndings("\n") + "\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return program;
    }

    /// <summary>What has been told so far, in order.</summary>
    public List<(string Word, int Host, JobId Job, LeaseToken Lease)> Read() => !File.Exists(told) ? [] : [.. File.ReadLines(told)
        .Select(line => line.Split(' '))
        .Select(words => (words[0], (int)Number(words[1]), new JobId(Number(words[2])), new LeaseToken(Number(words[3]))))];

    /// <summary>What has been started on a host and has not come to its end.</summary>
    public List<(JobId Job, LeaseToken Lease)> OpenOn(int host)
    {
        var lines = Read().FindAll(line => line.Host == host);
        return [.. lines.Where(line => line.Word == "start").Select(line => (line.Job, line.Lease))
            .Except(lines.Where(line => line.Word == "end").Select(line => (line.Job, line.Lease)))];
    }

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);
}
