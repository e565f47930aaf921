namespace Steadwork;

/// <summary>What a person or program may ask of a job.</summary>
public enum JobRequest
{
    /// <summary>End it without success. A running one is told to stop.</summary>
    Cancel,

    /// <summary>Run a failed or cancelled one again, with all its attempts before it. One that has expired does so no more.</summary>
    Retry,

    /// <summary>Remove it and its history. Refused while it runs.</summary>
    Delete,
}

/// <summary>What a store does about a request.</summary>
public enum RequestAnswer
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>The job runs; its handler has been told to stop.</summary>
    Signalled,

    /// <summary>The job's state does not allow it; nothing changed.</summary>
    Refused,

    /// <summary>There is no such job.</summary>
    NotFound,

    /// <summary>Another job now bears its unique key; nothing changed.</summary>
    KeyTaken,
}
