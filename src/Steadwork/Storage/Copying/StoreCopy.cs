namespace Steadwork.Storage.Copying;

/// <summary>Copies what one store holds into another, and holds the two against each other.</summary>
public static class StoreCopy
{
    private const int EnoughRows = 2000;
    private const int EnoughText = 4 << 20;

    /// <summary>Whether a store has never held anything.</summary>
    /// <param name="reader">The store.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<bool> IsEmptyAsync(ICopyReader reader, CancellationToken cancellationToken)
    {
        foreach (var section in CopySection.All)
        {
            // A fresh store has an id and counters as well.
            if (section == CopySection.Counters)
                continue;
            await foreach (var _ in reader.ReadAsync(section, cancellationToken).ConfigureAwait(false))
                return false;
        }
        return true;
    }

    /// <summary>Counts and hashes what a store holds.</summary>
    /// <param name="reader">The store.</param>
    /// <param name="progress">Told how many rows of which section have been read; null tells nobody.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<IReadOnlyList<CopiedSection>> CountAsync(ICopyReader reader, Action<CopySection, long>? progress, CancellationToken cancellationToken)
    {
        var counted = new List<CopiedSection>();
        foreach (var section in CopySection.All)
        {
            using var hash = new CopyHash(section);
            var rows = 0L;
            await foreach (var row in reader.ReadAsync(section, cancellationToken).ConfigureAwait(false))
            {
                hash.Add(row);
                if (++rows % EnoughRows == 0)
                    progress?.Invoke(section, rows);
            }
            counted.Add(hash.Result());
        }
        return counted;
    }

    /// <summary>Writes all that one store holds into another, without committing it.</summary>
    /// <param name="from">The store that is read.</param>
    /// <param name="to">The store that is written; it must be empty.</param>
    /// <param name="progress">Told how many rows of which section have been written; null tells nobody.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What was read, counted and hashed.</returns>
    public static async Task<IReadOnlyList<CopiedSection>> WriteAsync(ICopyReader from, ICopyWriter to, Action<CopySection, long>? progress, CancellationToken cancellationToken)
    {
        var read = new List<CopiedSection>();
        foreach (var section in CopySection.All)
            read.Add(await WriteAsync(section, from, to, progress, cancellationToken).ConfigureAwait(false));
        return read;
    }

    private static async Task<CopiedSection> WriteAsync(CopySection section, ICopyReader from, ICopyWriter to, Action<CopySection, long>? progress, CancellationToken cancellationToken)
    {
        using var hash = new CopyHash(section);
        var chunk = new List<object?[]>();
        var (text, written) = (0L, 0L);

        async Task FlushAsync()
        {
            await to.WriteAsync(section, chunk, cancellationToken).ConfigureAwait(false);
            written += chunk.Count;
            progress?.Invoke(section, written);
            chunk.Clear();
            text = 0;
        }

        await foreach (var row in from.ReadAsync(section, cancellationToken).ConfigureAwait(false))
        {
            hash.Add(row);
            chunk.Add(row);
            text += row.Sum(value => (value as string)?.Length ?? 0);
            if (chunk.Count >= EnoughRows || text >= EnoughText)
                await FlushAsync().ConfigureAwait(false);
        }
        if (chunk.Count > 0)
            await FlushAsync().ConfigureAwait(false);
        return hash.Result();
    }
}
