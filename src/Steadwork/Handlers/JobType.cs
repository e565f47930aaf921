namespace Steadwork;

/// <summary>Runs one attempt and gives its result as UTF-8 JSON, empty for none.</summary>
/// <param name="context">The attempt, with the services of its scope.</param>
public delegate Task<ReadOnlyMemory<byte>> JobInvocation(JobContext context);

/// <summary>A kind of job that this program knows: its stable name, its payload, its defaults and how it is run.</summary>
/// <param name="Name">The name in storage.</param>
/// <param name="Payload">The CLR type of the payload; null when it is taken as raw JSON.</param>
/// <param name="Options">What holds unless a job says otherwise.</param>
/// <param name="Invoke">Runs it; null when this program only enqueues it.</param>
public sealed record JobType(string Name, Type? Payload, JobTypeOptions Options, JobInvocation? Invoke);
