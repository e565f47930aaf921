namespace Steadwork.Machine;

/// <summary>This start of this machine, and its clock that nobody can set.</summary>
internal static class Boot
{
    private const string LinuxBootId = "/proc/sys/kernel/random/boot_id";

    /// <summary>A name that changes with each start of the machine where the system tells one; else the machine's name.</summary>
    public static string Id { get; } = File.Exists(LinuxBootId) ? File.ReadAllText(LinuxBootId).Trim() : Environment.MachineName;

    /// <summary>Milliseconds on the monotonic clock, which all processes of the machine share.</summary>
    public static long Milliseconds(TimeProvider clock) => (long)(clock.GetTimestamp() * 1000.0 / clock.TimestampFrequency);
}
