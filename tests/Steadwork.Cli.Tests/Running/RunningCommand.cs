using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using Shouldly;

namespace Steadwork.Cli.Tests.Running;

/// <summary>A program under way, whose outputs the test reads as they come. It is killed with the test.</summary>
internal sealed class RunningCommand : IDisposable
{
    public const int HangUp = 1, Interrupt = 2, Terminate = 15, Killed = 9, Continue = 18, Halt = 19;

    private readonly Process process = new();
    private readonly Reading output, error;

    public RunningCommand(string folder, string file, IEnumerable<string> arguments, byte[] input, Dictionary<string, string> environment)
    {
        process.StartInfo = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in ProgramCall.Withheld)
            process.StartInfo.Environment.Remove(name);
        foreach (var (name, value) in environment)
            process.StartInfo.Environment[name] = value;
        process.Start();
        output = new Reading(process.StandardOutput.BaseStream);
        error = new Reading(process.StandardError.BaseStream);
        Feed(input);
    }

    public int Id => process.Id;

    /// <summary>The bytes that it wrote to standard output, once it has ended.</summary>
    public byte[] OutputBytes => output.Bytes;

    /// <summary>Waits for the next line of standard output.</summary>
    public Task<string> NextLineAsync() => output.NextLineAsync();

    /// <summary>Waits for a line of standard error that begins like this.</summary>
    public async Task<string> NextErrorAsync(string start)
    {
        while (true)
        {
            var line = await error.NextLineAsync();
            if (line.StartsWith(start, StringComparison.Ordinal))
                return line;
        }
    }

    public void Send(int signal) => WatchedProcess.SendSignal(Id, signal).ShouldBe(0);

    /// <summary>Waits for its end, and for that of its outputs.</summary>
    public async Task<Ended> EndAsync()
    {
        try
        {
            await process.WaitForExitAsync().WaitAsync(SteadworkProcess.Patience);
            await Task.WhenAll(output.Done, error.Done).WaitAsync(SteadworkProcess.Patience);
            return new Ended(process.ExitCode, Encoding.UTF8.GetString(output.Bytes), Encoding.UTF8.GetString(error.Bytes));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"'{string.Join(' ', process.StartInfo.ArgumentList)}' did not end within {SteadworkProcess.Patience.TotalSeconds} s. It said: {Encoding.UTF8.GetString(error.Bytes)}");
        }
    }

    private void Feed(byte[] input)
    {
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It need not read all of it.
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    /// <summary>A stream that is read to its end, line by line for whoever waits for one.</summary>
    private sealed class Reading
    {
        private readonly MemoryStream all = new();
        private readonly Channel<string> lines = Channel.CreateUnbounded<string>();

        public Reading(Stream stream) => Done = ReadAsync(stream);

        public Task Done { get; }

        public byte[] Bytes
        {
            get
            {
                lock (all)
                    return all.ToArray();
            }
        }

        public async Task<string> NextLineAsync() => await lines.Reader.ReadAsync().AsTask().WaitAsync(SteadworkProcess.Patience);

        private async Task ReadAsync(Stream stream)
        {
            var buffer = new byte[64 * 1024];
            var line = new MemoryStream();
            while (await stream.ReadAsync(buffer) is > 0 and var read)
            {
                lock (all)
                    all.Write(buffer, 0, read);
                foreach (var piece in buffer.AsMemory(0, read).ToArray())
                {
                    if (piece != '\n')
                    {
                        line.WriteByte(piece);
                        continue;
                    }
                    await lines.Writer.WriteAsync(Encoding.UTF8.GetString(line.ToArray()));
                    line.SetLength(0);
                }
            }
            lines.Writer.Complete();
        }
    }
}
