namespace Steadwork.Workers.Running;

/// <summary>Has a say in when the next attempt of a worker begins, and in whether any more do.</summary>
internal interface IStartGate
{
    /// <summary>Waits until the next attempt may begin.</summary>
    /// <param name="cancellationToken">Ends the wait: this job is not to begin.</param>
    /// <returns>False when none may begin any more: the worker gives back what has not begun, and claims nothing.</returns>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    Task<bool> PassAsync(CancellationToken cancellationToken);

    /// <summary>An attempt has come to its end.</summary>
    void Ended(Transition transition);
}
