using System.Reflection;
using Shouldly;
using Xunit;

namespace Steadwork.Tests.Enqueue;

public sealed class NewJobTests
{
    private static readonly NewJob Plain = new() { Type = "send", Payload = "{}"u8.ToArray() };

    public static TheoryData<string> Properties => [.. All.Select(property => property.Name)];

    private static IEnumerable<PropertyInfo> All =>
        typeof(NewJob).GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Where(property => property.CanWrite && property.Name != nameof(NewJob.Payload));

    [Fact]
    public void Jobs_that_differ_in_their_payloads_are_alike()
    {
        Plain.IsAlike(Plain with { Payload = "[1]"u8.ToArray(), Tags = [.. Array.Empty<string>()] }).ShouldBeTrue();
        (Plain with { Tags = ["a"] }).IsAlike(Plain with { Tags = ["a"] }).ShouldBeTrue("lists are compared by what they hold");
    }

    [Theory]
    [MemberData(nameof(Properties))]
    public void Jobs_that_differ_in_anything_else_are_not(string name)
    {
        var property = All.Single(property => property.Name == name);
        var other = Plain with { };
        property.SetValue(other, Another(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType));

        Plain.IsAlike(other).ShouldBeFalse();
        other.IsAlike(Plain).ShouldBeFalse();
    }

    /// <summary>A value that the plain job has nowhere. To set a property of a type that is not named here to words throws.</summary>
    private static object Another(Type type) =>
        type == typeof(string) ? "other"
        : type == typeof(int) ? 77
        : type == typeof(bool) ? true
        : type == typeof(TimeSpan) ? TimeSpan.FromSeconds(7)
        : type == typeof(DateTimeOffset) ? DateTimeOffset.UnixEpoch
        : type == typeof(BatchId) ? new BatchId(7)
        : type.IsEnum ? Enum.GetValues(type).GetValue(1)!
        : type == typeof(IReadOnlyList<JobId>) ? new[] { new JobId(7) }
        : type == typeof(IReadOnlyList<int>) ? new[] { 7 }
        : new[] { "other" };
}
