using Shouldly;
using Steadwork.Cli.Programs;
using Xunit;

namespace Steadwork.Cli.Tests.Programs;

public sealed class CommandTemplateTests
{
    [Theory]
    [InlineData("{}", "dir/sub/file.tar.gz", "dir/sub/file.tar.gz")]
    [InlineData("{.}", "dir/sub/file.tar.gz", "dir/sub/file.tar")]
    [InlineData("{/}", "dir/sub/file.tar.gz", "file.tar.gz")]
    [InlineData("{//}", "dir/sub/file.tar.gz", "dir/sub")]
    [InlineData("{/.}", "dir/sub/file.tar.gz", "file.tar")]
    [InlineData("{#}", "dir/sub/file.tar.gz", "7")]
    [InlineData("{.}", "dir.d/file", "dir.d/file")]
    [InlineData("{.}", ".profile", ".profile")]
    [InlineData("{.}", "home/.profile", "home/.profile")]
    [InlineData("{.}", "home/.profile.old", "home/.profile")]
    [InlineData("{.}", "file.", "file")]
    [InlineData("{.}", "..", "..")]
    [InlineData("{.}", "dir.d/", "dir.d/")]
    [InlineData("{/}", "file", "file")]
    [InlineData("{/}", "dir/sub/", "sub")]
    [InlineData("{/}", "/", "/")]
    [InlineData("{/.}", "a/.profile", ".profile")]
    [InlineData("{//}", "file", ".")]
    [InlineData("{//}", "dir/sub/", "dir")]
    [InlineData("{//}", "dir//file", "dir")]
    [InlineData("{//}", "/file", "/")]
    [InlineData("{//}", "//file", "/")]
    [InlineData("{//}", "/", "/")]
    [InlineData("{}", "", "")]
    [InlineData("{/}", "", "")]
    [InlineData("{//}", "", ".")]
    public void Placeholder(string placeholder, string item, string expected) =>
        Expand([placeholder], item, sequence: 7).ShouldBe([expected]);

    [Fact]
    public void Placeholders_stand_anywhere_and_often() =>
        Expand(["bin/{/.}", "--in={}", "{}:{}", "{{}}", "plain"], "a/b.c").ShouldBe(["bin/b", "--in=a/b.c", "a/b.c:a/b.c", "{a/b.c}", "plain"]);

    [Fact]
    public void What_an_item_holds_is_not_expanded_again() => Expand(["x{}", "{/}"], "{#} {}").ShouldBe(["x{#} {}", "{#} {}"]);

    [Fact]
    public void Without_a_placeholder_the_item_is_the_last_argument()
    {
        Expand(["echo", "-n"], "a b").ShouldBe(["echo", "-n", "a b"]);
        Expand(["echo", "{#}"], "a b").ShouldBe(["echo", "1"]);
        CommandTemplate.Parse(["cat", "-"], json: false, append: false).Expand(new Item("x"), 1).ShouldBe(["cat", "-"]);
    }

    [Theory]
    [InlineData("{name}")]
    [InlineData("{ }")]
    [InlineData("{")]
    [InlineData("}{")]
    [InlineData("{print $1}")]
    [InlineData("{1}")]
    [InlineData("{/..}")]
    public void Other_braces_stay_as_they_are(string argument) => Expand(["x", argument, "{}"], "item").ShouldBe(["x", argument, "item"]);

    [Fact]
    public void Json_fields()
    {
        const string item = """{"name":"größe","n":1.50,"ok":true,"none":null,"list":[1, 2],"in":{"a":"x","b":{"c":2}},"in.a":"literal"}""";

        Expand(["{name}", "{n}", "{ok}", "{none}", "{list}", "{in.b}", "{in.b.c}", "{in.a}", "{}", "-{name}-{n}-"], item, json: true)
            .ShouldBe(["größe", "1.50", "true", "null", "[1, 2]", """{"c":2}""", "2", "literal", item, "-größe-1.50-"]);
    }

    [Theory]
    [InlineData("{print $1}")]
    [InlineData("a{3}")]
    [InlineData("{2,3}")]
    [InlineData("{\"a\":1}")]
    public void Other_braces_stay_with_json_too(string argument) => Expand(["x", argument, "{}"], "{}", json: true).ShouldBe(["x", argument, "{}"]);

    [Theory]
    [InlineData("""{"a":1}""", "b", """The item has no field 'b': {"a":1}""")]
    [InlineData("""{"a":1}""", "a.b", """The item has no field 'a.b': {"a":1}""")]
    [InlineData("[1]", "b", "The item has no field 'b': [1]")]
    [InlineData("""{"b":"\ud800"}""", "b", """The item's field 'b' is not valid Unicode: {"b":"\ud800"}""")]
    public void Missing_field_is_named(string item, string field, string message) =>
        Should.Throw<UnusableItem>(() => Expand([$"{{{field}}}"], item, json: true)).Message.ShouldBe(message);

    [Fact]
    public void Broken_json_is_an_unusable_item() =>
        Should.Throw<UnusableItem>(() => Expand(["{a}"], "{", json: true)).Message.ShouldStartWith("The item is not JSON (");

    [Fact]
    public void Long_items_are_cut_in_errors() =>
        Should.Throw<UnusableItem>(() => Expand(["{b}"], $$"""{"a":"{{new string('x', 10_000)}}"}""", json: true)).Message.Length.ShouldBeLessThan(300);

    [Fact]
    public void Program_is_fixed_unless_it_has_a_placeholder()
    {
        CommandTemplate.Parse(["tool", "{}"], json: false).FixedProgram.ShouldBe("tool");
        CommandTemplate.Parse(["bin/{/}", "x"], json: false).FixedProgram.ShouldBeNull();
        CommandTemplate.Parse(["{tool}"], json: false).FixedProgram.ShouldBe("{tool}");
        CommandTemplate.Parse(["{tool}"], json: true).FixedProgram.ShouldBeNull();
        Should.Throw<ArgumentOutOfRangeException>(() => CommandTemplate.Parse([], json: false));
    }

    private static IReadOnlyList<string> Expand(string[] command, string item, long sequence = 1, bool json = false) =>
        CommandTemplate.Parse(command, json).Expand(new Item(item), sequence);
}
