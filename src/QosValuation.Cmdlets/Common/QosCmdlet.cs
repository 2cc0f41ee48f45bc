using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using System.Reflection;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Stores;

namespace QosValuation.Cmdlets;

/// <summary>
/// What every cmdlet of the module shares: cancellation by Ctrl+C, engine faults as error records, and file-system paths.
/// </summary>
public abstract class QosCmdlet : PSCmdlet, IDisposable
{
    // How many different faults are remembered.
    private const int MostFaults = 1000;

    private readonly CancellationTokenSource _cancellation = new();

    // How often each fault came, by its message: the same mistake with thousands of objects is one error.
    private readonly Dictionary<string, int> _repeated = new(StringComparer.Ordinal);

    /// <summary>Cancelled when the user stops the pipeline.</summary>
    protected CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Releases what the cmdlet holds; PowerShell calls it when the pipeline ends, however it ends.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected sealed override void BeginProcessing() => Guard(static cmdlet => cmdlet.Begin());

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Guard(static cmdlet => cmdlet.Process(), OnlyCollects);

    /// <inheritdoc/>
    protected sealed override void EndProcessing()
    {
        Guard(static cmdlet => cmdlet.End());
        foreach ((string message, int count) in _repeated)
        {
            if (count > 1)
            {
                WriteWarning(string.Create(System.Globalization.CultureInfo.CurrentCulture, $"… and {count - 1:N0} more like it: {message}"));
            }
        }
    }

    /// <summary>Cancels <see cref="Cancellation"/>; called on another thread when the user presses Ctrl+C.</summary>
    protected override void StopProcessing() => _cancellation.Cancel();

    /// <summary>Runs once before the first record. An escaping exception ends the pipeline with one error.</summary>
    protected virtual void Begin()
    {
    }

    /// <summary>
    /// Whether <see cref="Process"/> only takes its object in: it opens no file and waits for nothing, and so needs no token for native libraries
    /// (<see cref="WorkCancellation"/>). It saves most of what a record costs beside PowerShell's own work.
    /// </summary>
    private protected virtual bool OnlyCollects => false;

    /// <summary>Runs for each record. An escaping exception ends the pipeline with one error.</summary>
    protected virtual void Process()
    {
    }

    /// <summary>Runs once after the last record. An escaping exception ends the pipeline with one error.</summary>
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

    /// <summary>Writes a warning; what names and files bring into it cannot steer the terminal.</summary>
    /// <param name="text">The warning.</param>
    protected new void WriteWarning(string text) => base.WriteWarning(DisplayText.OfMessage(text));

    /// <summary>Writes a verbose message; what names and files bring into it cannot steer the terminal.</summary>
    /// <param name="text">The message.</param>
    protected new void WriteVerbose(string text) => base.WriteVerbose(DisplayText.OfMessage(text));

    /// <summary>Warns of what was paid for and is lost: also in a pipeline that is being stopped, which takes no more warnings.</summary>
    /// <param name="message">A sentence.</param>
    private protected void TellLost(string message)
    {
        if (Stopping)
        {
            Host.UI.WriteWarningLine(message);
        }
        else
        {
            WriteWarning(message);
        }
    }

    /// <summary>
    /// Writes an engine fault as a non-terminating error: the other items go on. A fault that says the very same again is counted, and the
    /// count is told at the end.
    /// </summary>
    /// <param name="exception">The fault.</param>
    /// <param name="target">The offending item where the fault names none.</param>
    protected void WriteFault(Exception exception, object? target = null)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (_repeated.TryGetValue(exception.Message, out int count))
        {
            _repeated[exception.Message] = count + 1;
            return;
        }

        if (_repeated.Count < MostFaults)
        {
            _repeated.Add(exception.Message, 1);
        }

        WriteError(ErrorRecords.From(exception, WithoutSecret(target)));
    }

    /// <summary>Reads objects from the pipeline as records; what cannot be taken costs an error record and the others go on.</summary>
    /// <typeparam name="T">The record type.</typeparam>
    /// <param name="items">The objects, such as <see cref="RecordReader"/> reads; null for none.</param>
    /// <returns>The records.</returns>
    private protected IEnumerable<T> Records<T>(IEnumerable<object?>? items)
        where T : class
    {
        foreach (object? item in items ?? [])
        {
            if (TryRecord(item, out T? record))
            {
                yield return record;
            }
        }
    }

    /// <summary>Reads an object as a record.</summary>
    /// <typeparam name="T">The record type.</typeparam>
    /// <param name="item">The object.</param>
    /// <param name="record">The record.</param>
    /// <returns>False where it cannot be taken; the error record that says why has been written.</returns>
    private protected bool TryRecord<T>(object? item, [NotNullWhen(true)] out T? record)
        where T : class
    {
        record = null;
        try
        {
            if (RecordReader.TryRead(item, out record))
            {
                // What was given as an embedding is the engine's to judge; a table of labels is not one yet.
                if (record is not ClipEmbedding { Vector.Length: 0 } || RecordReader.Bare(item) is ClipEmbedding)
                {
                    return true;
                }

                record = null;
                throw new QosValuationException(
                    Faults.RecordIncomplete,
                    "The embedding has no vector: a table such as CSV has no place for one. Save embeddings with Export-Embedding, Export-Clixml or "
                        + "ConvertTo-Json.",
                    item);
            }

            WriteFault(Refusal([typeof(T)], item), item);
        }
        catch (QosValuationException fault)
        {
            WriteFault(fault, item);
        }

        return false;
    }

    /// <summary>The fault of an object that the cmdlet cannot take.</summary>
    /// <param name="wanted">The record types that it takes.</param>
    /// <param name="item">The object.</param>
    /// <param name="others">What else it takes, in words; null for nothing.</param>
    /// <returns>The fault.</returns>
    private protected QosValuationException Refusal(IReadOnlyList<Type> wanted, object? item, string? others = null)
    {
        CmdletAttribute name = GetType().GetCustomAttribute<CmdletAttribute>()!;
        return RecordTypes.Refuse($"{name.VerbName}-{name.NounName}", wanted, item, others);
    }

    /// <summary>Refuses an object whose properties do not give a cmdlet what it needs. PowerShell itself would say so once for each object.</summary>
    /// <param name="wanted">The record type that the cmdlet takes.</param>
    /// <param name="item">The object of the pipeline; null where there is none.</param>
    /// <param name="properties">The properties that it needs, in words.</param>
    /// <param name="needed">Their names.</param>
    /// <exception cref="QosValuationException"><c>InputTypeWrong</c>: not all were given, by the object or as arguments.</exception>
    private protected void RequireProperties(Type wanted, PSObject? item, string properties, params ReadOnlySpan<string> needed)
    {
        foreach (string name in needed)
        {
            if (!IsBound(name))
            {
                throw Refusal([wanted], item, "objects with " + properties);
            }
        }
    }

    /// <summary>
    /// Does the work for one item; a failure, of whatever type, becomes a non-terminating error and the other items go on.
    /// Cancellation and what PowerShell throws pass through.
    /// </summary>
    /// <param name="target">The item, named in the error.</param>
    /// <param name="work">The work.</param>
    /// <returns>False where it failed.</returns>
    protected bool TryItem(object? target, Action work) => TryItem(target, work, static work => work());

    /// <summary>
    /// Does the work for one item as the other <see cref="TryItem(object, Action)"/>. What the work needs is handed to it, so that it can be static
    /// and a million items cost no closures.
    /// </summary>
    /// <typeparam name="TState">The type of what the work needs.</typeparam>
    /// <param name="target">The item, named in the error.</param>
    /// <param name="state">What the work needs.</param>
    /// <param name="work">The work.</param>
    /// <returns>False where it failed.</returns>
    protected bool TryItem<TState>(object? target, TState state, Action<TState> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        try
        {
            work(state);
            return true;
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (Exception exception) when (IsOfWork(exception))
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

    /// <summary>Resolves what a user gives as a budget or a ledger.</summary>
    /// <param name="path">A path, or the address of one in PostgreSQL (<see cref="StoreAddress"/>).</param>
    /// <returns>The full path, or the address without any password.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseConnectionNotValid</c>, <c>NotAFileSystemPath</c>.</exception>
    private protected string ResolveStore(string path) =>
        StoreAddress.IsPostgres(path) ? WarnOfSecret(PostgresAddress.ParseText(path)) : ResolveNewPath(path);

    /// <summary>Resolves a connection to a budget or a ledger.</summary>
    /// <param name="connectionString">Npgsql's settings, or a service.</param>
    /// <param name="name">The schema.</param>
    /// <returns>The address without any password.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseConnectionNotValid</c>.</exception>
    private protected string ResolveStore(string connectionString, string name) => WarnOfSecret(PostgresAddress.Create(connectionString, name));

    /// <summary>Resolves budgets or ledgers that exist; what does not resolve costs one error record and the others go on.</summary>
    /// <param name="paths">Paths, or addresses in PostgreSQL.</param>
    /// <param name="literal">Whether wildcard characters are taken literally.</param>
    /// <returns>Full paths, and addresses without passwords.</returns>
    private protected IEnumerable<string> ResolveStores(IEnumerable<string>? paths, bool literal)
    {
        foreach (string path in paths ?? [])
        {
            if (StoreAddress.IsPostgres(path))
            {
                string? address = null;
                if (TryItem(path, () => address = ResolveStore(path)))
                {
                    yield return address!;
                }

                continue;
            }

            foreach (string full in ResolvePaths([path], literal))
            {
                yield return full;
            }
        }
    }

    private string WarnOfSecret(PostgresAddress address)
    {
        if (address.HeldSecret)
        {
            WriteWarning("The connection holds a password, which now stands in the history and in transcripts: keep it in a password file, PGPASSWORD or a "
                + "service. It is not kept in objects, and forgotten when this session ends.");
        }

        return address.Text;
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

    // What PowerShell throws to steer a pipeline (a stopped one, Select-Object -First, break, -ErrorAction Stop) is not for the cmdlet to explain, and
    // nothing is where the user has stopped the work.
    private bool IsOfWork(Exception exception) =>
        exception.GetType().Assembly != typeof(PSObject).Assembly && !_cancellation.IsCancellationRequested;

    // An address may have been given with a password; the fault itself names it without.
    private static object? WithoutSecret(object? target) =>
        target is string text && StoreAddress.IsPostgres(text) ? StoreAddress.PostgresPrefix : target;

    // What the user named, for errors that name nothing themselves.
    private object? NamedPath() => MyInvocation.BoundParameters
        .Where(bound => bound.Key.EndsWith("Path", StringComparison.Ordinal))
        .Select(bound => bound.Value is string[] { Length: 1 } paths ? paths[0] : bound.Value)
        .FirstOrDefault();

    private void Guard(Action<QosCmdlet> work, bool onlyCollects = false)
    {
        using IDisposable? scope = onlyCollects ? null : WorkCancellation.Enter(_cancellation.Token);
        try
        {
            work(this);
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (Exception exception) when (IsOfWork(exception))
        {
            ThrowTerminatingError(ErrorRecords.From(exception, WithoutSecret(NamedPath())));
        }
        catch (Exception exception) when (_cancellation.IsCancellationRequested && exception.GetType().Assembly != typeof(PSObject).Assembly)
        {
            throw new PipelineStoppedException();
        }
    }
}
