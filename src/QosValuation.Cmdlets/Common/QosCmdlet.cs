using System.Collections.ObjectModel;
using System.Management.Automation;

namespace QosValuation.Cmdlets;

/// <summary>
/// What every cmdlet of the module shares: cancellation by Ctrl+C, engine faults as error records, and file-system paths.
/// </summary>
public abstract class QosCmdlet : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>Cancelled when the user stops the pipeline.</summary>
    protected CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Releases what the cmdlet holds; PowerShell calls it when the pipeline ends, however it ends.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected sealed override void BeginProcessing() => Guard(Begin);

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Guard(Process);

    /// <inheritdoc/>
    protected sealed override void EndProcessing() => Guard(End);

    /// <summary>Cancels <see cref="Cancellation"/>; called on another thread when the user presses Ctrl+C.</summary>
    protected override void StopProcessing() => _cancellation.Cancel();

    /// <summary>Runs once before the first record. An escaping <see cref="QosValuationException"/> ends the pipeline.</summary>
    protected virtual void Begin()
    {
    }

    /// <summary>Runs for each record. An escaping <see cref="QosValuationException"/> ends the pipeline.</summary>
    protected virtual void Process()
    {
    }

    /// <summary>Runs once after the last record. An escaping <see cref="QosValuationException"/> ends the pipeline.</summary>
    protected virtual void End()
    {
    }

    /// <summary>Releases what the cmdlet holds.</summary>
    /// <param name="disposing">True when called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cancellation.Cancel();
            _cancellation.Dispose();
        }
    }

    /// <summary>Writes one record.</summary>
    /// <param name="record">The record; collections are not enumerated.</param>
    protected void WriteRecord(object? record) => WriteObject(record, enumerateCollection: false);

    /// <summary>Writes an engine fault as a non-terminating error: the other items go on.</summary>
    /// <param name="exception">The fault.</param>
    /// <param name="target">The offending item where the fault names none.</param>
    protected void WriteFault(Exception exception, object? target = null) => WriteError(ErrorRecords.From(exception, target));

    /// <summary>
    /// Does the work for one item; a failure becomes a non-terminating error and the other items go on.
    /// Cancellation and a stopped pipeline pass through.
    /// </summary>
    /// <param name="target">The item, named in the error.</param>
    /// <param name="work">The work.</param>
    /// <returns>False where it failed.</returns>
    protected bool TryItem(object? target, Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        try
        {
            work();
            return true;
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            throw;
        }
        catch (AggregateException group) when (FaultOf(group) is { } fault)
        {
            WriteFault(fault, target);
            return false;
        }
        catch (Exception exception) when (exception is QosValuationException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            WriteFault(exception, target);
            return false;
        }
    }

    /// <summary>
    /// Does the work of a cmdlet that takes one file: one that was named on the command line ends the pipeline with its fault; of
    /// several that are piped in, each costs its own error record and the others go on.
    /// </summary>
    /// <param name="target">The file, named in the error.</param>
    /// <param name="work">The work.</param>
    protected void DoFile(string target, Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (MyInvocation.ExpectingInput)
        {
            TryItem(target, work);
        }
        else
        {
            work();
        }
    }

    /// <summary>Whether the user gave the parameter (as opposed to its default).</summary>
    /// <param name="name">The parameter's name.</param>
    /// <returns>True where it was bound.</returns>
    protected bool IsBound(string name) => MyInvocation.BoundParameters.ContainsKey(name);

    /// <summary>Resolves existing file-system paths; what does not resolve costs one error record and the others go on.</summary>
    /// <param name="paths">The paths as given, relative to the session's location.</param>
    /// <param name="literal">Whether wildcard characters are taken literally. Otherwise they are where nothing matches the
    /// pattern but something has that very name, such as <c>photos [1].json</c>.</param>
    /// <returns>Full paths of files and folders that exist.</returns>
    protected IEnumerable<string> ResolvePaths(IEnumerable<string>? paths, bool literal)
    {
        foreach (string path in paths ?? [])
        {
            Collection<string> resolved = [];
            try
            {
                if (literal)
                {
                    string full = ResolveNewPath(path);
                    if (Path.Exists(full))
                    {
                        resolved = [full];
                    }
                    else
                    {
                        WriteFault(CmdletFaults.PathNotFound(path));
                    }
                }
                else
                {
                    resolved = Matches(path, out ProviderInfo provider);
                    if (provider.Name != "FileSystem")
                    {
                        resolved = [];
                        WriteFault(CmdletFaults.NotAFileSystemPath(path, provider.Name));
                    }
                    else if (resolved.Count == 0)
                    {
                        WriteFault(CmdletFaults.PathNotFound(path));
                    }
                }
            }
            catch (PipelineStoppedException)
            {
                throw;
            }
            catch (QosValuationException fault)
            {
                WriteFault(fault, path);
            }
            catch (Exception exception) when (exception
                is ItemNotFoundException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException
                or ArgumentException or NotSupportedException)
            {
                WriteFault(CmdletFaults.PathNotFound(path, exception));
            }

            foreach (string item in resolved)
            {
                yield return item;
            }
        }
    }

    /// <summary>Turns a path that need not exist into a full file-system path, wildcards taken literally.</summary>
    /// <param name="path">The path as given, relative to the session's location.</param>
    /// <returns>The full path.</returns>
    /// <exception cref="QosValuationException"><c>NotAFileSystemPath</c>: the path belongs to another provider.</exception>
    protected string ResolveNewPath(string path)
    {
        string full = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        return provider.Name == "FileSystem"
            ? full
            : throw CmdletFaults.NotAFileSystemPath(path, provider.Name);
    }

    /// <summary>Refuses to replace a file without -Force: the one rule of every cmdlet that writes files.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="force">Whether -Force was given.</param>
    /// <exception cref="QosValuationException"><c>FileExists</c>.</exception>
    protected static void RequireNew(string path, bool force)
    {
        if (!force && File.Exists(path))
        {
            throw new QosValuationException(Faults.FileExists, $"'{path}' exists. Choose another name, or give -Force to replace it.", path);
        }
    }

    private Collection<string> Matches(string path, out ProviderInfo provider)
    {
        try
        {
            Collection<string> resolved = GetResolvedProviderPathFromPSPath(path, out provider);
            if (resolved.Count > 0)
            {
                return resolved;
            }
        }
        catch (ItemNotFoundException) when (WildcardPattern.ContainsWildcardCharacters(path))
        {
            // No folder matches either.
        }

        string full = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out _);
        return Path.Exists(full) ? [full] : [];
    }

    // Several threads may meet the same fault at once: one of them stands for all.
    private static QosValuationException? FaultOf(AggregateException group)
    {
        var faults = group.Flatten().InnerExceptions;
        return faults.All(inner => inner is QosValuationException) ? (QosValuationException)faults[0] : null;
    }

    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (AggregateException group) when (FaultOf(group) is { } fault)
        {
            ThrowTerminatingError(ErrorRecords.From(fault));
        }
        catch (QosValuationException fault)
        {
            ThrowTerminatingError(ErrorRecords.From(fault));
        }
    }
}
