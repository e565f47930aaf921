using System.Runtime.InteropServices;
using System.Text;
using Shouldly;
using Steadwork.Soak.Stores;

namespace Steadwork.Cli.Tests.Running;

/// <summary>A directory in which programs are run as jobs, and what they tell the test by: pipes that it holds open, and a ledger that they write into.</summary>
internal sealed partial class Workshop : IDisposable
{
    /// <summary>A program that writes its item into the ledger. The item is appended to its arguments.</summary>
    public static readonly string[] Noting = ["--", "sh", "-c", "echo \"$1\" >> ledger", "sh"];

    /// <summary>A program that tells that it has begun, with its process and its parent's, and goes on once the gate lets it through.</summary>
    public static readonly string[] Gated = ["--", "sh", "-c", "echo \"$1 $$ $PPID $STEADWORK_ATTEMPT\" > begun; read -r line < gate; echo \"$1\" >> ledger; echo \"$1\"", "sh"];

    private readonly List<Pipe> pipes = [];

    public Workshop() : this(new CliFolder()) { }

    private Workshop(CliFolder folder)
    {
        Folder = folder;
        Begun = Pipe("begun");
        Gate = Pipe("gate");
        Directory.CreateDirectory(Folder.File("tmp"));
    }

    /// <summary>A directory in which the environment tells the program where the store is.</summary>
    public static Workshop On<TStore>()
        where TStore : IStorePlace, new() => new(CliFolder.On<TStore>());

    public CliFolder Folder { get; }

    /// <summary>A line for each program that has begun.</summary>
    public Pipe Begun { get; }

    /// <summary>Each line lets one program through.</summary>
    public Pipe Gate { get; }

    /// <summary>The items that programs have noted, in their order.</summary>
    public string[] Ledger => File.Exists(Folder.File("ledger")) ? File.ReadAllLines(Folder.File("ledger")) : [];

    /// <summary>What is left in the place of temporary files.</summary>
    public string[] Leftovers => Directory.GetFileSystemEntries(Folder.File("tmp"));

    private Dictionary<string, string> Variables => new(Folder.Variables) { ["TMPDIR"] = Folder.File("tmp"), ["STEADWORK"] = SteadworkProcess.ProgramPath, ["DOTNET_EnableDiagnostics"] = "0" };

    /// <summary>A named pipe.</summary>
    public Pipe Pipe(string name)
    {
        var pipe = new Pipe(Folder.File(name));
        pipes.Add(pipe);
        return pipe;
    }

    /// <summary>Writes a script that can be run.</summary>
    public string Script(string name, string text)
    {
        var path = Folder.Write(name, text);
        ChangeMode(path, 0x1C0 /* 0700 */).ShouldBe(0);
        return path;
    }

    /// <summary>Starts a program here.</summary>
    public RunningCommand Start(string file, string? input, params IEnumerable<string> arguments) =>
        new(Folder.Path, file, arguments, Encoding.UTF8.GetBytes(input ?? ""), Variables);

    /// <summary>Starts the program under test.</summary>
    public RunningCommand StartSteadwork(string? input, params IEnumerable<string> arguments) => Start(SteadworkProcess.ProgramPath, input, arguments);

    /// <summary>Starts <c>run</c>, with one worker where the arguments do not say how many.</summary>
    public RunningCommand StartRun(string list, params IEnumerable<string> arguments) => StartSteadwork(list, RunWords(arguments));

    /// <summary>Runs <c>run</c> to its end, with one worker where the arguments do not say how many.</summary>
    public Task<Ended> RunAsync(string list, params IEnumerable<string> arguments) => RunAsync(Encoding.UTF8.GetBytes(list), arguments);

    /// <inheritdoc cref="RunAsync(string, IEnumerable{string})"/>
    public async Task<Ended> RunAsync(byte[] list, params IEnumerable<string> arguments)
    {
        using var run = new RunningCommand(Folder.Path, SteadworkProcess.ProgramPath, RunWords(arguments), list, Variables);
        return await run.EndAsync();
    }

    // A worker is a process, and there are hundreds of runs.
    private static IEnumerable<string> RunWords(IEnumerable<string> arguments) => arguments.Contains("--workers") ? ["run", .. arguments] : ["run", "--workers", "1", .. arguments];

    [LibraryImport("libc", EntryPoint = "chmod", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeMode(string path, uint mode);

    public void Dispose()
    {
        foreach (var pipe in pipes)
            pipe.Dispose();
        Folder.Dispose();
    }
}

/// <summary>A named pipe that the test holds open at both ends: nobody waits to open it, and nothing in it is lost.</summary>
internal sealed partial class Pipe : IDisposable
{
    private readonly FileStream stream;
    private readonly StreamReader reader;

    public Pipe(string path)
    {
        if (MakePipe(path, 0x180 /* 0600 */) != 0)
            throw new IOException($"'{path}' cannot be made.");
        stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
    }

    /// <summary>Waits for the next line.</summary>
    public async Task<string> NextAsync() => (await reader.ReadLineAsync().WaitAsync(SteadworkProcess.Patience))!;

    /// <summary>Waits for the next line of a gated program.</summary>
    public async Task<Beginning> NextBeginningAsync()
    {
        var words = (await NextAsync()).Split(' ');
        return new Beginning(words[0], new WatchedProcess(int.Parse(words[1])), new WatchedProcess(int.Parse(words[2])), int.Parse(words[3]));
    }

    /// <summary>Lets so many programs through.</summary>
    public void LetThrough(int programs) => stream.Write(Encoding.ASCII.GetBytes(new string('\n', programs)));

    public void Dispose() => stream.Dispose();

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakePipe(string path, uint mode);
}

/// <summary>A program has begun.</summary>
internal sealed record Beginning(string Item, WatchedProcess Program, WatchedProcess Worker, int Attempt) : IDisposable
{
    public void Dispose()
    {
        Program.Dispose();
        Worker.Dispose();
    }
}
