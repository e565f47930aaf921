using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Steadwork.Tests;

/// <summary>Keeps the references between the parts, by project files and by sources.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Steadwork"] = [],
        ["Steadwork.Sqlite"] = ["Steadwork"],
        ["Steadwork.PostgreSql"] = ["Steadwork"],
        ["Steadwork.AspNetCore"] = ["Steadwork"],
        ["Steadwork.Testing"] = ["Steadwork"],
        ["Steadwork.Cli"] = ["Steadwork", "Steadwork.Sqlite", "Steadwork.PostgreSql", "Steadwork.AspNetCore", "Steadwork.Testing"],
    };

    [Fact]
    public void Projects_reference_only_what_the_design_allows()
    {
        var projects = Directory.GetFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories);
        projects.ShouldNotBeEmpty();
        foreach (var project in projects)
        {
            var references = XDocument.Load(project).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
            references.Except(Allowed[Path.GetFileNameWithoutExtension(project)]).ShouldBeEmpty(project);
        }
    }

    [Fact]
    public void The_core_depends_on_abstractions_alone()
    {
        var packages = XDocument.Load(Path.Combine(Root, "src/Steadwork/Steadwork.csproj")).Descendants("PackageReference").Select(package => package.Attribute("Include")!.Value);
        packages.ShouldAllBe(package => package.StartsWith("Microsoft.Extensions.") && package.EndsWith(".Abstractions"));
    }

    [Fact]
    public void What_a_job_is_and_its_lifecycle_are_pure()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Root, "src/Steadwork/Jobs"), "*.cs", SearchOption.AllDirectories))
        {
            var source = File.ReadAllText(file);
            Impure().Matches(source).Select(match => match.Value).ShouldBeEmpty(file);
        }
    }

    [Fact]
    public void No_part_of_the_core_knows_a_store_and_no_store_decides()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Root, "src/Steadwork"), "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/")))
        {
            File.ReadAllText(file).ShouldNotContain("Steadwork.Sqlite;", customMessage: file);
            File.ReadAllText(file).ShouldNotContain("Steadwork.PostgreSql;", customMessage: file);
        }
        Assembly.Load("Steadwork.Core").GetReferencedAssemblies().ShouldAllBe(assembly => assembly.Name!.StartsWith("System.") || assembly.Name.StartsWith("Microsoft.Extensions."));
    }

    [Fact]
    public void The_readme_shows_the_sample_that_is_built() =>
        File.ReadAllText(Path.Combine(Root, "README.md")).ShouldContain(File.ReadAllText(Path.Combine(Root, "samples/FirstJob/Program.cs")));

    internal static string Root { get; } = FindRoot();

    /// <summary>Looked for from where the tests run: a build on a server does not tell where the sources were.</summary>
    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Steadwork.slnx")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests do not run from within the repository.");
        return folder.FullName;
    }

    [Fact]
    public void What_the_README_calls_compiles()
    {
        var compiled = string.Concat(new[] { "samples/FirstJob/Program.cs", "tests/Steadwork.Tests/ReadmeCalls.cs" }.Select(path => File.ReadAllText(Path.Combine(Root, path))));
        var isCode = false;
        var shown = new List<string>();
        foreach (var line in File.ReadLines(Path.Combine(Root, "README.md")))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                isCode = line == "```csharp";
            else if (isCode && line.Split(" //")[0].Trim() is { Length: > 0 } code)
                shown.Add(code);
        }
        shown.Count.ShouldBeGreaterThan(30);
        shown.Where(code => !compiled.Contains(code, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [GeneratedRegex(@"\basync\b|\bawait\b|TimeProvider|UtcNow|Random\.|ILogger|SELECT |using Steadwork\.|using Microsoft")]
    private static partial Regex Impure();
}
