namespace Steadwork.Storage;

/// <summary>The store cannot be reached, is not a Steadwork store, or is of a version that this program does not know. The message says which, and what would help.</summary>
public class StoreUnavailableException : Exception
{
    /// <summary>Creates the exception.</summary>
    public StoreUnavailableException(string message, Exception? inner = null)
        : base(message, inner) { }
}
