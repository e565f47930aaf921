using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>The job that a call has enqueued, or that was there already.</summary>
internal static class JobIdOutput
{
    public static void Print(Call call, EnqueuedJob job)
    {
        if (!call.Json)
        {
            Console.Out.WriteLine(job.Id);
            return;
        }
        JsonOutput.Document(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("id", job.Id.Value);
            json.WriteBoolean("existing", job.Existing);
            json.WriteEndObject();
        });
    }
}
