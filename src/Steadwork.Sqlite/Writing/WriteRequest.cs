namespace Steadwork.Sqlite.Writing;

/// <summary>A change that waits for the write thread.</summary>
internal abstract class WriteRequest
{
    public abstract void Apply(WriteTransaction transaction);

    public abstract void Complete();

    public abstract void Fail(Exception error);
}

/// <inheritdoc cref="WriteRequest"/>
internal sealed class WriteRequest<T>(Func<WriteTransaction, T> change) : WriteRequest
{
    // Callers must not run on the write thread, where their next call would wait for itself.
    private readonly TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? result;

    public Task<T> Answer => answer.Task;

    public override void Apply(WriteTransaction transaction) => result = change(transaction);

    public override void Complete() => answer.TrySetResult(result!);

    public override void Fail(Exception error) => answer.TrySetException(error);
}
