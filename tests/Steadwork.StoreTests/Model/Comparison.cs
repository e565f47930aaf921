using Steadwork.StoreTests.Fixtures;

namespace Steadwork.StoreTests.Model;

/// <summary>Puts two stores through one sequence and looks at both after each step.</summary>
internal static class Comparison
{
    /// <returns>The first difference, for people; null when there is none.</returns>
    public static async Task<string?> DifferenceAsync(Func<IStoreFixture> expected, Func<IStoreFixture> actual, Sequence sequence)
    {
        await using var reference = expected();
        await using var store = actual();
        var difference = await DifferenceAsync(new Subject(reference), new Subject(store), sequence);
        if (difference is null)
            await store.CheckAsync();
        return difference;
    }

    /// <inheritdoc cref="DifferenceAsync(Func{IStoreFixture}, Func{IStoreFixture}, Sequence)"/>
    public static async Task<string?> DifferenceAsync(Subject one, Subject two, Sequence sequence)
    {
        for (var step = 0; step < sequence.Commands.Count; step++)
        {
            var command = sequence.Commands[step];
            var (right, given) = (await TryAsync(command, one), await TryAsync(command, two));
            if (right == given)
            {
                var whole = step == sequence.Commands.Count - 1;
                (right, given) = (await one.ShowAsync(whole), await two.ShowAsync(whole));
            }
            if (right != given)
                return $"Step {step}, {command}:\n{Differing(right, given)}";
        }
        return null;
    }

    /// <summary>An error is an answer as well: both must give it.</summary>
    private static async Task<string> TryAsync(Command command, Subject subject)
    {
        try
        {
            return await command.ApplyAsync(subject);
        }
        catch (Exception error)
        {
            return $"error: {error}";
        }
    }

    public static string Differing(string right, string given)
    {
        var (expected, actual) = (right.Split('\n'), given.Split('\n'));
        var missing = expected.Except(actual).Select(line => "  expected: " + line);
        var added = actual.Except(expected).Select(line => "  but was:  " + line);
        return string.Join('\n', missing.Concat(added).DefaultIfEmpty($"  another order of {right}"));
    }
}
