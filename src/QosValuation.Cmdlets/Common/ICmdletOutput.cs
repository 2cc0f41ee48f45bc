using System.Management.Automation;

namespace QosValuation.Cmdlets;

/// <summary>
/// Where a cmdlet's records go: PowerShell's streams, or a recorder in a test, since the API's reference assembly
/// does nothing outside PowerShell. Every member is called on the pipeline thread.
/// </summary>
internal interface ICmdletOutput
{
    /// <summary>Writes a record to the output stream, not enumerating it.</summary>
    /// <param name="record">The record.</param>
    void Object(object? record);

    /// <summary>Writes a non-terminating error.</summary>
    /// <param name="fault">What went wrong; see <see cref="ErrorRecords.From(Exception, object)"/> for what becomes of it.</param>
    /// <param name="target">The offending item where the fault names none.</param>
    void Error(Exception fault, object? target = null);

    /// <summary>Ends the pipeline with an error; does not return in PowerShell.</summary>
    /// <param name="fault">What went wrong.</param>
    void Terminate(QosValuationException fault);

    /// <summary>Writes a warning.</summary>
    /// <param name="message">The text.</param>
    void Warning(string message);

    /// <summary>Tells what was decided, where the user asked for -Verbose.</summary>
    /// <param name="message">The text.</param>
    void Verbose(string message);

    /// <summary>Shows progress.</summary>
    /// <param name="record">The state.</param>
    void Progress(ProgressRecord record);

    /// <summary>Asks whether to make a change (-WhatIf, -Confirm).</summary>
    /// <param name="target">What changes.</param>
    /// <param name="action">How it changes.</param>
    /// <returns>Whether to go on.</returns>
    bool ShouldProcess(string target, string action);
}
