using System.Globalization;
using System.Management.Automation;
using QosValuation.Cmdlets.Clustering;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Auctions;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Buys data from competing providers within a budget.</summary>
/// <remarks>
/// <para>Each provider reports a cost c; its quality q and marginal utility φ are measured. The data are worth v = u(q^η·(φ+κ)^γ), and providers
/// are ordered by the virtual cost ψ = c/v, the earlier offer first where equal (seed 002, section 4). A provider whose v is 0 or not finite may
/// not take part, whatever it asks (Reason ZeroValue). One award a provider leaves at the end, in the order of the input; -Summary writes an
/// AuctionReport instead.</para>
/// <para>-Mechanism: QMia is the paper's Algorithm 1 with each winner paid the supremum of its winning reports; it is truthful, and its
/// payments may exceed the budget (Overrun says by how much, and a warning). ProportionalShare pays one price per value and never exceeds it.
/// ConstantRatio compares the most valuable provider alone with proportional share and is never far from the best. Clock and SubmodularGreedy
/// know data that say the same; Clock is recommended. Random draws an order and pays what is asked: not truthful, a baseline.
/// NaiveConstantRatio makes a common mistake, for Test-MechanismProperty to find.</para>
/// <para>Diversity: with -Reference (embeddings), with -Similarity, or where every offer has a Vector, Clock and SubmodularGreedy value a set S by
/// facility location, V(S) = Σ over the reference points r of max over i in S of v·sim(r, i). Without -Reference the offers' own vectors are the
/// reference points. The similarity of vectors is their cosine, 0 where negative. Without any of these values add up.</para>
/// <para>Mixed-MIA: with -Liquidity ρ and -Pool U a winner is paid ρ·p + (1−ρ)·s·U, s its part of Σ q·φ over the winners (seed 002,
/// Algorithm 2). As published it is neither truthful nor individually rational for ρ below 1; -Corrected posts the shares over all
/// eligible providers before the auction, which then runs on what they do not cover, and pays ρ·t + b.</para>
/// <para>-Underserved names contributors or groups that compete among themselves for -TrancheShare of the budget, and the others for the rest.
/// Nobody competes in both, which would not be truthful. -GroupLimit lets so many of one Group win: a provider whose group is full is passed
/// over, and payments account for it.</para>
/// <para>A cost, quality or marginal utility that is no number, negative or infinite costs one error record (OfferNotValid) that names the row and
/// the value; the others go on without it. φ itself may be negative where κ makes up for it.</para>
/// <para>For millions of offers: -Cost, -Quality and -MarginalUtility take whole arrays, and one AuctionColumns leaves; or -Path and -OutputPath
/// go from file to file, and one AuctionReport leaves. There a faulty number ends the command.</para>
/// </remarks>
/// <example>
/// <summary>Buy data for 1 million, at one price per value.</summary>
/// <code>Import-Csv offers.csv | Invoke-DataAuction -Mechanism ProportionalShare -Budget 1e6</code>
/// <remarks>offers.csv has the columns Contributor, Cost, Quality and MarginalUtility.</remarks>
/// </example>
/// <example>
/// <summary>The paper's auction pays more than the budget.</summary>
/// <code>$offers = .4, .5 | ForEach-Object { [pscustomobject]@{ Contributor = "costs $_"; Cost = $_ } }
/// $offers | Invoke-DataAuction -Budget 1
/// $offers | Invoke-DataAuction -Budget 1 -Summary</code>
/// </example>
/// <example>
/// <summary>Half of the payment in shares of future revenue, truthfully.</summary>
/// <code>$offers | Invoke-DataAuction -Budget 1 -Liquidity 0.5 -Pool 2 -Corrected</code>
/// </example>
/// <example>
/// <summary>Diverse data: each offer comes with the embedding of what it holds.</summary>
/// <code>$photos = Get-ClipEmbedding ./samples/*.jpg
/// $photos | Select-Object Contributor, Vector, @{ n = 'Cost'; e = { 10 } } | Invoke-DataAuction -Mechanism Clock -Budget 100</code>
/// </example>
/// <example>
/// <summary>Ten percent of the budget for languages that are under-served, and at most two winners of a language.</summary>
/// <code>Import-Csv offers.csv | Select-Object *, @{ n = 'Group'; e = 'Language' } |
///     Invoke-DataAuction -Budget 1000 -Underserved kpelle, nauruan -GroupLimit 2</code>
/// </example>
/// <example>
/// <summary>A million offers: arrays in, arrays out; and from file to file.</summary>
/// <code>$prices = 0.5, 0.2, 0.9
/// $columns = Invoke-DataAuction -Cost $prices -Quality $qualities -MarginalUtility $utilities -Budget 1e6
/// $columns.Payment
/// Invoke-DataAuction -Path cost.npy -QualityPath quality.npy -MarginalUtilityPath utility.npy -OutputPath payment.npy -Budget 1e6
/// Invoke-DataAuction -Path offers.csv -OutputPath awards.csv -Budget 1e6</code>
/// </example>
/// <example>
/// <summary>The awards, with the digests of what was scored, in a ledger.</summary>
/// <code>$quality | Select-Object *, @{ n = 'Cost'; e = { $costs[$_.Contributor] } } | Invoke-DataAuction -Budget 1000 |
///     Where-Object IsWinner | Add-DatRecord -LedgerPath ./market.db</code>
/// </example>
/// <seealso>Export-DataAward</seealso>
/// <seealso>Test-MechanismProperty</seealso>
/// <seealso>Measure-UtilityShare</seealso>
/// <seealso>Measure-DataShareToken</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "DataAuction", DefaultParameterSetName = OfferSet, SupportsShouldProcess = true)]
[OutputType(typeof(DataAward), typeof(AuctionReport), typeof(AuctionColumns), ParameterSetName = [OfferSet])]
[OutputType(typeof(AuctionReport), ParameterSetName = [ColumnSet])]
public sealed class InvokeDataAuctionCommand : DataOfferCommand
{
    private const string ColumnSet = "Columns";

    private readonly List<DataOffer> _offers = [];
    private readonly List<long> _rows = [];
    private bool _hasColumns;

    /// <summary>c: the reported cost, finite and at least 0, in units of the budget; or the costs of all offers as an array.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = OfferSet)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object? Cost { get; set; }

    /// <summary>The group that -GroupLimit counts and -Underserved may name, such as a language.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = OfferSet)]
    [AllowEmptyString]
    [AllowNull]
    public string? Group { get; set; }

    /// <summary>
    /// A digest of the offered data, such as the Hash of Measure-DataQuality or of Protect-DataSubmission; the award carries it on, and Add-DatRecord
    /// takes it as its pointer.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = OfferSet)]
    [AllowEmptyString]
    [AllowNull]
    public string? Hash { get; set; }

    /// <summary>The embedding of the offered data, for Clock and SubmodularGreedy.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = OfferSet)]
    [AllowNull]
    [AllowEmptyCollection]
    public object? Vector { get; set; }

    /// <summary>How winners are chosen and paid; QMia by default.</summary>
    [Parameter]
    [SingleValue]
    public AuctionMechanism Mechanism { get; set; }

    /// <summary>B: the budget, finite and at least 0.</summary>
    [Parameter(Mandatory = true)]
    [Number]
    public double Budget { get; set; }

    /// <summary>η: the exponent of quality, at least 0; 1 by default, and 0 ignores quality.</summary>
    [Parameter]
    [Number]
    public double Eta { get; set; } = 1;

    /// <summary>γ: the exponent of marginal utility, at least 0; 1 by default, and 0 ignores it.</summary>
    [Parameter]
    [Number]
    public double Gamma { get; set; } = 1;

    /// <summary>κ: what is added to marginal utility, at least 0; 0 by default.</summary>
    [Parameter]
    [Number]
    public double Kappa { get; set; }

    /// <summary>u: a concave function of the product, Sqrt or Log; None by default.</summary>
    [Parameter]
    [SingleValue]
    public ConcaveUtility Concave { get; set; }

    /// <summary>ρ: the part of a payment in money, from 0 to 1; makes the auction a Mixed-MIA.</summary>
    [Parameter]
    [Number(MayBeAbsent = true)]
    public double? Liquidity { get; set; }

    /// <summary>U: the utility pool that a Mixed-MIA shares, at least 0.</summary>
    [Parameter]
    [Number]
    public double Pool { get; set; }

    /// <summary>Posts the shares of a Mixed-MIA before the auction, which makes it truthful and individually rational.</summary>
    [Parameter]
    public SwitchParameter Corrected { get; set; }

    /// <summary>
    /// The similarity of offers for Clock and SubmodularGreedy: a matrix with a row for each reference point and a column for each offer (an array
    /// of arrays), or a script block that is given two offers and returns a number of at least 0.
    /// </summary>
    [Parameter(ParameterSetName = OfferSet)]
    [ValidateNotNull]
    public object? Similarity { get; set; }

    /// <summary>The embeddings that the bought data should cover, for Clock and SubmodularGreedy: embeddings, or vectors.</summary>
    [Parameter(ParameterSetName = OfferSet)]
    [PublicCentroidTransformation]
    [ValidateNotNullOrEmpty]
    public ClipEmbedding[]? Reference { get; set; }

    /// <summary>The contributors or groups that compete for the diversity tranche alone; wildcards are allowed.</summary>
    [Parameter(ParameterSetName = OfferSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Underserved { get; set; }

    /// <summary>The part of budget and pool that -Underserved compete for, from 0 to 1; 0.1 by default (seed 002, appendix E).</summary>
    [Parameter(ParameterSetName = OfferSet)]
    [Number]
    public double TrancheShare { get; set; } = 0.1;

    /// <summary>How many providers of one group may win; for QMia, ProportionalShare and Random.</summary>
    [Parameter(ParameterSetName = OfferSet)]
    [WholeNumber(MayBeAbsent = true)]
    public int? GroupLimit { get; set; }

    /// <summary>The seed of Random: the same seed draws the same order. Without it draws are cryptographic. The other mechanisms draw nothing.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>Writes one AuctionReport with the totals instead of the awards.</summary>
    [Parameter(ParameterSetName = OfferSet)]
    public SwitchParameter Summary { get; set; }

    /// <summary>
    /// A file of offers as columns: a .csv with a header and the column Cost, and where it has them Contributor, Quality and MarginalUtility; or a
    /// .npy with the costs. Wildcards may match one file.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ColumnSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>A .npy with the qualities, where -Path is a .npy; by default all are 1.</summary>
    [Parameter(ParameterSetName = ColumnSet)]
    [ValidateNotNullOrEmpty]
    public string? QualityPath { get; set; }

    /// <summary>A .npy with the marginal utilities, where -Path is a .npy; by default all are 1.</summary>
    [Parameter(ParameterSetName = ColumnSet)]
    [ValidateNotNullOrEmpty]
    public string? MarginalUtilityPath { get; set; }

    /// <summary>
    /// Where the awards go, in the order of the offers: a .csv with Contributor (where -Path has names), Cost, Value, IsWinner, Reason and Payment,
    /// or a .npy with the payments alone. The file appears whole or not at all.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ColumnSet)]
    [ValidateNotNullOrEmpty]
    public string OutputPath { get; set; } = string.Empty;

    /// <summary>
    /// Write names into a .csv as they are. By default one that a spreadsheet would take for a formula (it begins with =, +, -, @, a tab or a carriage
    /// return) gets an apostrophe before it.
    /// </summary>
    [Parameter(ParameterSetName = ColumnSet)]
    public SwitchParameter Raw { get; set; }

    private AuctionOptions Options => new()
    {
        Mechanism = Mechanism,
        Budget = Budget,
        Eta = Eta,
        Gamma = Gamma,
        Kappa = Kappa,
        Concave = Concave,
        Liquidity = Liquidity,
        Pool = Pool,
        Corrected = Corrected,
        TrancheShare = TrancheShare,
        GroupLimit = GroupLimit,
        Random = RandomSource.Create(Seed),
        CancellationToken = Cancellation,
    };

    /// <inheritdoc/>
    private protected override string[] Telling => [nameof(Cost)];

    /// <inheritdoc/>
    protected override void Begin()
    {
        AuctionOptions options = Options;
        if (Similarity is not null || Reference is not null)
        {
            options = options with { Diversity = static (_, values) => new AdditiveValue(values) };
        }

        options.Validate();
        if (Similarity is not null && Reference is not null)
        {
            throw new QosValuationException(
                Faults.AuctionOptionNotValid, "-Similarity and -Reference both say how similar data are; give one of them.", Similarity);
        }
    }

    /// <inheritdoc/>
    protected override void Add()
    {
        var offer = new DataOffer
        {
            Contributor = ProviderName,
            Cost = Number(nameof(Cost), Cost, null),
            Quality = Number(nameof(Quality), Quality, 1),
            MarginalUtility = Number(nameof(MarginalUtility), MarginalUtility, 1),
            Group = Group ?? string.Empty,
            Hash = Hash ?? string.Empty,
            Vector = OfferFields.Vector(Row, ProviderName, Vector),
        };
        offer.Validate(Row, Kappa);
        _offers.Add(offer);
        _rows.Add(Row - 1);
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_hasColumns)
        {
            return;
        }

        AuctionOptions options = Options with { Diversity = Diversity() };
        WildcardPattern[]? underserved =
            Underserved is null ? null : Array.ConvertAll(Underserved, name => WildcardPattern.Get(name, WildcardOptions.IgnoreCase));
        Func<DataOffer, bool>? isUnderserved =
            underserved is null ? null : offer => Array.Exists(underserved, pattern => pattern.IsMatch(offer.Contributor) || pattern.IsMatch(offer.Group));
        (DataAward[] awards, AuctionReport report) = BackgroundWork.Run(
            (_, _) => (DataAuctioneer.Run(_offers, options, isUnderserved, out AuctionReport totals), totals), static _ => { }, Cancellation);
        Comment(report);
        if (underserved is not null && awards.Length > 0 && !Array.Exists(awards, award => award.Tranche == AuctionTranche.Diversity))
        {
            WriteWarning($"-Underserved matches no contributor and no group, so that {TrancheShare:P0} of the budget stays unspent.");
        }

        if (Summary)
        {
            WriteRecord(report);
            return;
        }

        foreach (DataAward award in awards)
        {
            if (award.Reason is AwardReason.Budget or AwardReason.TooDear && Array.Exists(awards, other => other.Reason == AwardReason.Blocked))
            {
                WriteVerbose($"'{award.Contributor}' does not fit the budget, and the auction stops there.");
            }

            WriteRecord(award);
        }
    }

    /// <inheritdoc/>
    private protected override bool TakesColumns()
    {
        if (ParameterSetName == ColumnSet)
        {
            _hasColumns = true;
            SellFiles();
            return true;
        }

        if (MyInvocation.ExpectingInput || OfferFields.Column(nameof(Cost), Cost) is not double[] costs)
        {
            return false;
        }

        _hasColumns = true;
        if (Similarity is not null || Reference is not null || Underserved is not null || GroupLimit is not null)
        {
            throw new QosValuationException(
                Faults.AuctionOptionNotSupported,
                "Columns have no embeddings and no groups; pipe offers as objects for -Similarity, -Reference, -Underserved and -GroupLimit.",
                Cost);
        }

        double[] Given(string name, object? raw) =>
            raw is null ? [] : OfferFields.Column(name, raw) ?? throw DataOffer.NotValid(1, null, name, raw, "give an array with one number for each cost");
        AuctionColumns columns = DataAuctioneer.Run(
            costs, Given(nameof(Quality), Quality), Given(nameof(MarginalUtility), MarginalUtility), Options);
        Comment(columns.Report);
        WriteRecord(Summary ? columns.Report : columns);
        return true;
    }

    private void SellFiles()
    {
        string[] paths = [.. ResolvePaths([Path], literal: false)];
        if (paths.Length != 1)
        {
            if (paths.Length > 1)
            {
                throw new QosValuationException(Faults.ColumnPathAmbiguous, $"'{Path}' matches {paths.Length} files; name one.", Path);
            }

            return;
        }

        bool isNpy = CsvNumberTable.IsNpy(paths[0]);
        string target = ResolveNewPath(OutputPath);
        CsvNumberTable.IsNpy(target);
        if (!isNpy && (QualityPath ?? MarginalUtilityPath) is string unused)
        {
            throw new QosValuationException(
                Faults.ColumnPathNotUsed,
                "A .csv holds its qualities and marginal utilities itself, in columns of these names; -QualityPath and -MarginalUtilityPath go with a .npy.",
                unused);
        }

        OfferColumns offers = isNpy
            ? OfferColumns.ReadNpy(paths[0], Existing(QualityPath), Existing(MarginalUtilityPath))
            : OfferColumns.ReadCsv(paths[0], Cancellation);
        AuctionColumns outcome = offers.Sell(Options);
        if (ShouldProcess(target, $"Write the awards of {offers.Count} offers"))
        {
            offers.Write(target, outcome, Raw);
            Comment(outcome.Report);
            WriteRecord(outcome.Report);
        }
    }

    private string? Existing(string? path) => path is null ? null : ResolveNewPath(path);

    private void Comment(AuctionReport report)
    {
        if (!report.IsBudgetFeasible)
        {
            string pool = report.Pool > 0 ? " and the pool" : string.Empty;
            WriteWarning(string.Create(
                CultureInfo.CurrentCulture,
                $"{report.Mechanism} pays {report.TotalPayment:G6}, {report.Overrun:G4} more than the budget{pool}."));
        }

        if (!report.IsTruthful)
        {
            WriteVerbose($"{report.Mechanism} is not truthful{(Liquidity is null ? string.Empty : " as a mixture; -Corrected repairs that")}.");
        }
    }

    // Script blocks run here, on the pipeline's thread.
    private Func<int[], double[], SetValue>? Diversity()
    {
        if (!DataAuctions.Find(Mechanism).UsesDiversity || _offers.Count == 0)
        {
            return null;
        }

        if (Similarity is not null)
        {
            double[][] rows = OfferFields.Unwrap(Similarity) is ScriptBlock script ? Ask(script) : Matrix();
            return (members, values) => FacilityLocation.OfSimilarity(Array.ConvertAll(rows, row => Array.ConvertAll(members, member => row[member])), values);
        }

        float[][]? reference = Reference is not null ? Array.ConvertAll(Reference, embedding => embedding.Vector)
            : _offers.TrueForAll(offer => offer.Vector is not null) ? [.. _offers.Select(offer => offer.Vector!)]
            : null;
        return reference is null
            ? null
            : (members, values) => FacilityLocation.OfVectors(Array.ConvertAll(members, member => _offers[member].Vector), reference, values);
    }

    private double[][] Ask(ScriptBlock script)
    {
        double[][] rows = new double[_offers.Count][];
        for (int r = 0; r < rows.Length; r++)
        {
            rows[r] = new double[_offers.Count];
            for (int i = 0; i < rows.Length; i++)
            {
                object? answer;
                try
                {
                    answer = script.InvokeReturnAsIs(_offers[r], _offers[i]);
                }
                catch (RuntimeException exception) when (exception is not PipelineStoppedException)
                {
                    throw NoSimilarity(
                        $"The script block of -Similarity failed for {_offers[r].Contributor} and {_offers[i].Contributor}: {exception.Message}");
                }

                rows[r][i] = RecordProperties.TryRead(answer, out double similar)
                    ? similar
                    : throw NoSimilarity(
                        $"The script block of -Similarity returned '{answer}' for {_offers[r].Contributor} and {_offers[i].Contributor}; return a number.");
            }
        }

        return rows;
    }

    // A column stands for a row of the input; those that were refused are left out.
    private double[][] Matrix()
    {
        double[][] rows = OfferFields.Matrix(nameof(Similarity), Similarity, NoSimilarity)
            ?? throw NoSimilarity("-Similarity is neither a matrix nor a script block.");
        for (int r = 0; r < rows.Length; r++)
        {
            if (rows[r].Length != Row)
            {
                throw NoSimilarity($"Row {r + 1} of -Similarity holds {rows[r].Length} numbers for {Row} offers; give one for each offer.");
            }
        }

        return Array.ConvertAll(rows, row => _rows.Select(place => row[place]).ToArray());
    }

    private QosValuationException NoSimilarity(string message) => new(Faults.SimilarityNotValid, message, Similarity);
}
