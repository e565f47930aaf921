namespace Steadwork;

/// <summary>Runs one attempt and gives its result as UTF-8 JSON, empty for none.</summary>
/// <param name="context">The attempt, with the services of its scope.</param>
public delegate Task<ReadOnlyMemory<byte>> JobInvocation(JobContext context);

/// <summary>A kind of job that this program knows: its stable name, its payload, its defaults and how it is run.</summary>
/// <param name="Name">The name in storage.</param>
/// <param name="Payload">The CLR type of the payload; null when it is taken as raw JSON.</param>
/// <param name="Options">What holds unless a job says otherwise.</param>
/// <param name="Invoke">Runs it; null when this program only enqueues it.</param>
public sealed record JobType(string Name, Type? Payload, JobTypeOptions Options, JobInvocation? Invoke)
{
    /// <summary>Its name and the former ones.</summary>
    internal IEnumerable<string> Names => [Name, .. Options.Aliases];

    /// <summary>The payload in the shape that the handler reads.</summary>
    /// <param name="stored">The payload as stored.</param>
    /// <param name="version">The version in which it is stored.</param>
    /// <param name="payload">What the handler reads.</param>
    /// <returns>False when that version is newer than what this program knows.</returns>
    /// <exception cref="PermanentFailureException">It cannot be brought into that shape.</exception>
    internal bool TryRead(ReadOnlyMemory<byte> stored, out int version, out ReadOnlyMemory<byte> payload)
    {
        payload = stored;
        version = Options.Version;
        // A handler of raw JSON that says nothing of versions may be a program that looks after them itself.
        if (Payload is null && Options.StatedVersion is null)
            return true;
        var marked = PayloadVersion.Of(stored);
        version = marked ?? 1;
        if (version > Options.Version)
            return false;
        if (marked is not null || version < Options.Version)
            payload = Options.Upcasters.Bring(stored, version, Options.Version);
        return true;
    }
}
