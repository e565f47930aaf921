using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Bulk;

/// <summary>A source of lines that can be read twice: a file as it is, a pipe through a temporary file that nobody else may read.</summary>
internal static class Spool
{
    private const string StandardInput = "-";

    /// <summary>How the source is named in an error.</summary>
    public static string NameOf(string file) => file == StandardInput ? "standard input" : $"'{file}'";

    /// <summary>Opens the source.</summary>
    /// <param name="file">A path; <c>-</c> stands for standard input.</param>
    public static FileStream Open(string file)
    {
        try
        {
            if (file == StandardInput)
            {
                using var input = Surroundings.Current.OpenInput();
                return Copy(input);
            }
            var opened = new FileStream(Surroundings.Current.FullPath(file), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (opened.CanSeek)
                return opened;
            using (opened)
                return Copy(opened);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new Refusal($"The lines of {NameOf(file)} cannot be read: {error.Message}", cause: error);
        }
    }

    private static FileStream Copy(Stream source)
    {
        var path = Path.Combine(Path.GetTempPath(), $"steadwork-{Guid.NewGuid():N}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.Delete };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var copy = new FileStream(path, options);
        try
        {
            // Without a name already now, it is gone with the process, however that ends.
            File.Delete(path);
            source.CopyTo(copy);
            copy.Position = 0;
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }
}
