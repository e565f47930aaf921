using Steadwork.Cli.Programs;

namespace Steadwork.Cli.Running;

/// <summary>Where the outputs of programs go beside the last 64 KiB in the job's result.</summary>
/// <param name="Folder">A private folder of the run, in which they are captured.</param>
/// <param name="Results">Where the whole of each is kept for people, one folder a job; null keeps none.</param>
/// <param name="Prints">Whether somebody will read them, and needs what a result cannot hold: long outputs, and bytes that are no text.</param>
/// <param name="Timeout">The timeout that the programs run under, for error messages.</param>
internal sealed record ProgramOutputs(string Folder, string? Results = null, bool Prints = false, TimeSpan? Timeout = null)
{
    /// <summary>Puts the outputs of a program that has ended where they belong; what is kept nowhere is deleted with its end.</summary>
    /// <param name="context">The attempt.</param>
    /// <param name="end">Its end.</param>
    /// <param name="whole">Whether the tails in the result are text.</param>
    public void Take(JobContext context, ProgramEnd end, bool whole)
    {
        if (Results is not null)
        {
            Directory.CreateDirectory(Path.Combine(Results, context.Id.ToString()));
            Keep(end.StandardOutput, Whole(context.Id, "stdout"));
            Keep(end.StandardError, Whole(context.Id, "stderr"));
        }
        else if (Prints && (!whole || end.StandardOutput.Length > ProgramResult.MaxOutput || end.StandardError.Length > ProgramResult.MaxOutput))
        {
            Keep(end.StandardOutput, Whole(context.Id, "stdout"));
            Keep(end.StandardError, Whole(context.Id, "stderr"));
        }
        else if (Prints && context.Attempt > 1)
        {
            // What an earlier attempt left must not be taken for this one's.
            Forget(context.Id);
        }
    }

    /// <summary>Nobody will read the outputs of the job again.</summary>
    public void Forget(JobId job)
    {
        if (Results is not null)
            return;
        File.Delete(Whole(job, "stdout"));
        File.Delete(Whole(job, "stderr"));
    }

    /// <summary>Where the whole of an output is, if it is kept.</summary>
    /// <param name="job">The job.</param>
    /// <param name="name"><c>stdout</c> or <c>stderr</c>.</param>
    public string Whole(JobId job, string name) => Results is not null ? Path.Combine(Results, job.ToString(), name) : Path.Combine(Folder, $"{job}.{name}");

    private static void Keep(Captured output, string path)
    {
        if (output.Path is not { } captured)
        {
            File.WriteAllBytes(path, []);
            return;
        }
        output.Keep();
        File.Move(captured, path, overwrite: true);
    }
}
