using System.Text.Json;

namespace Steadwork.Storage;

/// <summary>What the log says of the end of a batch.</summary>
internal static class BatchJson
{
    public static ReadOnlyMemory<byte> Write(BatchId batch, StateCounts counts, long deleted) => JsonSerializer.SerializeToUtf8Bytes(
        new Dictionary<string, long> { ["batch"] = batch.Value, ["succeeded"] = counts.Succeeded, ["failed"] = counts.Failed, ["cancelled"] = counts.Cancelled, ["deleted"] = deleted },
        StoredJson.Default.DictionaryStringInt64);
}
