using System.Reflection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Steadwork.Storage;

namespace Steadwork;

/// <summary>The schedules that a program has in its code, as which program and version of it.</summary>
internal sealed class ProgramSchedules
{
    public List<Func<JobQueue, ScheduleDefinition>> All { get; } = [];

    /// <summary>Whether the program defines them when it starts.</summary>
    public bool AreHosted { get; set; }

    public string Program { get; set; } = Assembly.GetEntryAssembly()?.GetName().Name ?? "program";

    public Version Version { get; set; } = VersionOf(Assembly.GetEntryAssembly());

    /// <summary>The version as people set it: that of the assembly itself often says no more than the first part.</summary>
    internal static Version VersionOf(Assembly? program) =>
        Version.TryParse(program?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+', '-')[0], out var told)
            ? told
            : program?.GetName().Version ?? new Version(0, 0);

    /// <summary>Whose they are, for people.</summary>
    public string By => $"{Program} {Version}";
}

/// <summary>Defines a program's schedules when it starts.</summary>
internal sealed class ScheduleHosting(IStore store, JobQueue jobs, ProgramSchedules schedules, ILogger logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var owner = new ScheduleOwner(schedules.Program, schedules.Version.ToString(), schedules.By);
        var now = store.Now;
        NewSchedule[] definitions = [.. schedules.All.Select(make => make(jobs).From(now))];
        if (definitions.GroupBy(schedule => schedule.Definition.Name).FirstOrDefault(same => same.Count() > 1) is { Key: var twice })
            throw new InvalidOperationException($"The schedule '{twice}' is added twice; each needs a name of its own.");
        var answers = await store.DefineAsync(definitions, owner, cancellationToken).ConfigureAwait(false);
        foreach (var (definition, answer) in definitions.Zip(answers).Where(pair => pair.Second is Defined.KeptNewer or Defined.KeptOther))
            logger.ScheduleKept(definition.Definition.Name, answer is Defined.KeptNewer ? "a newer version of this program" : "somebody else");
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
