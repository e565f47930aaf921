using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Steadwork;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddSteadwork(t => t
    .UseSqlite("app.db")
    .AddHandler<ImportNote, ImportNoteHandler>("import-note")
    .AddWorker(w => w.Concurrency = 8));
using var app = builder.Build();
await app.StartAsync();

var jobs = app.Services.GetRequiredService<JobQueue>();
JobId id = await jobs.EnqueueAsync(new ImportNote("notes/a.md"), o => o.Priority = 10);
Console.WriteLine($"job {id} is on disk");

await app.WaitForShutdownAsync();

internal sealed record ImportNote(string Path);

internal sealed class ImportNoteHandler(ILogger<ImportNoteHandler> log) : IJobHandler<ImportNote>
{
    public async Task HandleAsync(ImportNote job, JobContext context)
    {
        var text = await File.ReadAllTextAsync(job.Path, context.CancellationToken);
        log.LogInformation("Imported {Characters} characters, attempt {Attempt}", text.Length, context.Attempt);
    }
}
