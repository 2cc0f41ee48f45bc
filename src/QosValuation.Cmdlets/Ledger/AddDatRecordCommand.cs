using System.Globalization;
using System.Management.Automation;
using QosValuation.Cmdlets.Markets;
using QosValuation.Foundation.Names;
using QosValuation.Markets.Ledger;

namespace QosValuation.Cmdlets;

/// <summary>Appends data anchoring tokens to a ledger.</summary>
/// <remarks>
/// <para>A DAT record (address, v, ρ) binds a data value to the account that earned it (paper, section II-B). Records form a chain: each holds the SHA-256
/// hash of the one before, so a change anywhere shows. Data values from Measure-DataValue bind by property name: Contributor is the address, Value the
/// value. Objects with IsWinner false, such as the losers of an auction, are left out.</para>
/// <para>What has been written to the pipeline is on disk, whatever happens next. A record that comes alone is appended at once; of a fast stream those
/// that arrive within 50 milliseconds share a transaction: all of them are in the ledger, or none. Several processes may append at once.</para>
/// <para>What is appended twice counts twice. -SkipExisting leaves out what stands there already, for a script that may be run again.</para>
/// </remarks>
/// <example>
/// <summary>Anchor the values of a dataset</summary>
/// <code>Import-CocoDataset captions.json images | Get-ClipEmbedding | Measure-DataValue | Add-DatRecord -LedgerPath ./market.db</code>
/// </example>
/// <example>
/// <summary>Anchor one file with its integrity hash</summary>
/// <code>Add-DatRecord -LedgerPath ./market.db -Address 0x52ab -Value 3.2 -Pointer (Get-FileHash ./photos.zip).Hash</code>
/// </example>
/// <example>
/// <summary>A ledger in PostgreSQL, to which several machines append: made where there is none of the name</summary>
/// <code>Add-DatRecord -ConnectionString 'service=market' -Name sales -Address alice -Value 3.2</code>
/// </example>
/// <seealso>Get-DatRecord</seealso>
/// <seealso>Test-DatLedger</seealso>
/// <seealso>Measure-DataValue</seealso>
[Cmdlet(VerbsCommon.Add, "DatRecord", SupportsShouldProcess = true, DefaultParameterSetName = "Ledger")]
[OutputType(typeof(DatRecord))]
public sealed class AddDatRecordCommand : StoreCommand
{
    private readonly AlikeNames _names = new();
    private DatLedger? _ledger;
    private DatLedgerAppender? _appender;
    private long _row;
    private bool _isWon;

    /// <summary>The ledger: a SQLite file, or the address of one in PostgreSQL; created where it does not exist.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Ledger")]
    [ValidateNotNullOrEmpty]
    public string LedgerPath { get; set; } = string.Empty;

    /// <summary>Data values, or objects with the properties Address (or Contributor, or Agent) and Value.</summary>
    [Parameter(ValueFromPipeline = true)]
    [Accepts(typeof(DataValue), AndOthers = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>The account that owns the contribution.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [Alias("Contributor", "Agent")]
    public string Address { get; set; } = string.Empty;

    /// <summary>v: the data value; finite and at least 0.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true)]
    [Number]
    public double Value { get; set; }

    /// <summary>ρ: a compact pointer to the contribution, such as an integrity hash or a provenance proof.</summary>
    [Parameter(Position = 3, ValueFromPipelineByPropertyName = true)]
    [Alias("Hash")]
    [AllowEmptyString]
    public string Pointer { get; set; } = string.Empty;

    /// <summary>Leaves out what the ledger holds already: a record of the same address, value and pointer. So a script can be run again.</summary>
    [Parameter]
    public SwitchParameter SkipExisting { get; set; }

    /// <inheritdoc/>
    private protected override string DefaultName => LedgerName.Default;

    /// <inheritdoc/>
    protected override void Begin() => LedgerPath = StoreAt(LedgerPath);

    /// <inheritdoc/>
    protected override void Process()
    {
        _isWon = false;
        TryItem(InputObject, this, static command =>
        {
            command.RequireProperties(typeof(DataValue), command.InputObject, "the properties Address and Value", nameof(Address), nameof(Value));
            command._isWon = command.IsWon();
        });
        if (!_isWon)
        {
            return;
        }

        string what = string.Create(CultureInfo.CurrentCulture, $"Append ({Address}, {Value}, {Pointer})");
        if (!ShouldProcess(LedgerPath, what))
        {
            return;
        }

        if (_appender is null)
        {
            _ledger = DatLedger.Open(LedgerPath, create: true);
            foreach (string known in _ledger.Addresses())
            {
                _names.Add(ContributorName.Fold(known));
            }

            _appender = new DatLedgerAppender(_ledger, SkipExisting);
        }

        TryItem(Address, this, static command => command._appender!.Add(command.Address, command.Value, command.Pointer));
        WriteAppended();
    }

    // Who has a record is paid, and its sealed data may be opened: the losers of an auction have none.
    private bool IsWon()
    {
        _row++;
        object? isWinner = InputObject?.BaseObject is DataValue ? null : RecordProperties.Find(InputObject, nameof(DataAward.IsWinner))?.Value;
        return OfferFields.Truth(isWinner)
            ?? throw DataOffer.NotValid(_row, Address, nameof(DataAward.IsWinner), isWinner?.ToString(), "give True or False", InputObject);
    }

    /// <inheritdoc/>
    protected override void End()
    {
        _appender?.Flush();
        WriteAppended();
    }

    private void WriteAppended()
    {
        if (_appender is null)
        {
            return;
        }

        (IReadOnlyList<DatRecord> appended, IReadOnlyList<DatAppendFailure> failures) = _appender.Take();
        foreach (DatRecord record in appended)
        {
            WriteRecord(record);
            if (_names.Add(record.Address) is string other)
            {
                WriteWarning($"'{record.Address}' looks like '{other}', and counts as another account: give one account one name.");
            }
        }

        foreach (DatAppendFailure failure in failures)
        {
            // Each record that is not in the ledger is named, so that it can be piped in again.
            foreach (string address in failure.Addresses)
            {
                WriteFault(new QosValuationException(
                    failure.Fault.Fault, failure.Fault.Kind, $"The record of '{address}' was not appended: {failure.Fault.Message}", address, failure.Fault));
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (!Cancellation.IsCancellationRequested)
            {
                _appender?.Flush(); // an error upstream ended the pipeline: what it sent before is kept
            }

            _appender?.Dispose();
            _ledger?.Dispose();
        }

        base.Dispose(disposing);
    }
}
