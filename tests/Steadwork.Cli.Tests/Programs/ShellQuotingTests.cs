using FsCheck.Fluent;
using FsCheck;
using Shouldly;
using Steadwork.Cli.Programs;
using Xunit;

namespace Steadwork.Cli.Tests.Programs;

public sealed class ShellQuotingTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("echo|a b|c", "echo 'a b' c")]
    [InlineData("/usr/bin/tool|--in=x.txt|user@host:/p|50%|a,b|+1|_", "/usr/bin/tool --in=x.txt user@host:/p 50% a,b +1 _")]
    [InlineData("printf|it's|", @"printf 'it'\''s' ''")]
    [InlineData("echo|*|~|$x|`x`|a\nb|#|!|größe|{}", "echo '*' '~' '$x' '`x`' 'a\nb' '#' '!' 'größe' '{}'")]
    [InlineData("A=b|A=b", "'A=b' A=b")]
    [InlineData("if|if", "'if' if")]
    public void Only_what_needs_quotes_has_them(string arguments, string line) => ShellQuoting.Join(arguments.Split('|')).ShouldBe(line);

    [Fact]
    public void Shell_reads_back_the_same_arguments()
    {
        Gen<char> character = Gen.Elements([.. "ab=%~#!$`'\"\\*?[]{}()<>|&;,.:/+-_@^ \t\n\ré€\u0001\u007F".ToCharArray()]);
        Gen<string[]> arguments = character.ArrayOf().Select(static characters => new string(characters)).ArrayOf();

        Prop.ForAll(arguments.ToArbitrary(), ReadsBack).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));
    }

    [Fact]
    public void Shell_takes_the_first_word_for_a_program()
    {
        foreach (string word in new[] { "A=b", "if", "!", "{", "while", "x y", "*" })
        {
            string script = _scratch.Script(word, "echo ran");
            string line = ShellQuoting.Join([word]);

            Scratch.OutputOf(_scratch.Shell($"PATH=$1:$PATH\n{line}", _scratch.Output)).ShouldBe("ran\n", script);
        }
    }

    private bool ReadsBack(string[] arguments)
    {
        string line = ShellQuoting.Join(["show", .. arguments]);
        string output = Scratch.OutputOf(_scratch.Shell($$"""show() { for a; do printf '%s\0' "$a"; done; }{{"\n"}}{{line}}"""));
        return output == string.Concat(arguments.Select(static argument => argument + "\0"));
    }
}
