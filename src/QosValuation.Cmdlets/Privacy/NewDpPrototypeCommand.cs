using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Budgets;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Releases differentially private prototypes of semantic clusters: mean plus calibrated noise.</summary>
/// <remarks>
/// <para>One prototype leaves for each cluster and modality: the mean of the records' unit vectors plus Gaussian noise, not normalised. Each record gives
/// one vector: several captions of a photograph are averaged and renormalised first, so that a record counts once however many captions it has. Norms are
/// never trusted: a vector whose norm is off 1 by more than 0.001 is normalised, and what is left above 1 is cut.</para>
/// <para>The sensitivity of the mean of n vectors is 2/n: exchanging one record turns its vector round at most, from x to −x, and the mean moves by 2/n.
/// So large clusters need little noise, and single records a lot. Under ReplaceOne (the default) the number of records is public. Under AddRemove it is
/// not: the sum and the count of the records are released together with noise, Count is the noisy count, and the sensitivity is √1.25 over it.</para>
/// <para>DiscreteGaussian (the default) draws whole numbers on a grid of 2⁻³⁶ in exact integer arithmetic (Canonne, Kamath and Steinke 2020), so that no
/// rounding can leak. It needs no more noise than AnalyticGaussian, the least that keeps (ε, δ) for every ε (Balle and Wang 2018). AnalyticGaussian and
/// ClassicGaussian add floating-point noise: of the doubles near a mean only some can come out, and which ones depends on the mean, so that whoever sees
/// all bits of a prototype may learn more than (ε, δ) allows (Mironov 2012). ClassicGaussian is the paper's Eq. 21, proven for ε below 1 only; it warns
/// from 1 on, and where its noise is too small (about ε ≥ 9 at δ = 1e-5) IsFormal is false. ImageDp is a baseline from the literature: noise of standard
/// deviation q·s on image prototypes, none on text; it has no guarantee, so IsFormal is false and ε, δ and sensitivity are not numbers.</para>
/// <para>None adds no noise at all: the prototypes are the private means themselves. It is the clean side of a comparison and never formal: its loss is
/// infinite, and no budget covers it.</para>
/// <para>ε and δ are spent by every prototype. A record with a photograph and captions spends them twice, once for each modality: Measure-PrivacyLoss adds
/// up. The guarantee covers the vectors of the records given which record is in which cluster; how many clusters there are and who is in them is not
/// hidden, unless the clusters come from Group-Embedding -PublicCentroid: then every centroid gets a prototype, with a private count, and membership is
/// protected too. Contributors is for the curator's accounts: leave it out of what is published. It is empty where the count is noisy, because who takes
/// part is then part of the secret.</para>
/// <para>-Unit Contributor protects all data of a contributor at once (user-level privacy): each contributor's records in a cluster are averaged to one
/// vector first, so that the sensitivity is 2 over the number of contributors, however many records one has. The prototype is then the mean over
/// contributors, and Count counts them.</para>
/// <para>-Budget charges every prototype to each contributor with a record in it before its noise is drawn: it takes all clusters in, charges them in one
/// transaction, and draws them then. Where one contributor's budget does not allow all of it, the command ends with the error PrivacyBudgetExceeded, and
/// nothing is charged or drawn. -AsAvailable releases one cluster after another instead, as far as the budget goes: each that is refused costs an error, and
/// the others leave. -WhatIf and -Confirm say what each contributor would be charged and have left; what would be refused is refused there too. What was
/// charged stays charged, even where the release was lost in a crash; where the pipeline is stopped after the charge, a warning says what was lost. -Seed,
/// -Sensitivity, ImageDp and None cannot be charged and are refused. See about_QosValuation_Privacy.</para>
/// <para>Without -Seed the noise is cryptographic. With -Seed whoever knows the seed can take the noise away again, so seeded prototypes are for
/// experiments only: IsSeeded is true and IsFormal false.</para>
/// <para>The paper releases prototypes of confirmed clusters only: add Where-Object IsConfirmed for that. Which clusters are confirmed depends on the
/// data; with public centroids choose by the noisy Count of the prototypes instead.</para>
/// </remarks>
/// <example>
/// <summary>Prototypes of the clusters of a folder of photographs.</summary>
/// <code>Get-ClipEmbedding ./photos/*.jpg | Group-Embedding | New-DpPrototype -Epsilon 1 -Delta 1e-5</code>
/// </example>
/// <example>
/// <summary>Confirmed clusters only, and what all prototypes cost together.</summary>
/// <code>$prototypes = $embeddings | Group-Embedding | Where-Object IsConfirmed | New-DpPrototype -Epsilon 0.5
/// $prototypes | Measure-PrivacyLoss -Delta 1e-5</code>
/// </example>
/// <example>
/// <summary>The Image-DP baseline of the paper, reproducible.</summary>
/// <code>$clusters | New-DpPrototype -Mechanism ImageDp -PerturbationCoefficient 0.2 -Scale 0.05 -Seed 1</code>
/// </example>
/// <example>
/// <summary>A private count, and the privacy of a contributor with all records.</summary>
/// <code>$clusters | New-DpPrototype -Neighboring AddRemove -Unit Contributor</code>
/// </example>
/// <example>
/// <summary>Releases on a budget, and what each contributor has left.</summary>
/// <code>$budget = New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -Path ./privacy.db
/// $clusters | New-DpPrototype -Epsilon 0.1 -Modality Image -Budget $budget
/// Get-PrivacyBudget ./privacy.db -Contributor *</code>
/// </example>
/// <example>
/// <summary>As many releases as the budget allows, and which were refused.</summary>
/// <code>$clusters | New-DpPrototype -Epsilon 0.5 -Budget ./budget.db -AsAvailable -ErrorVariable refused -ErrorAction SilentlyContinue
/// $refused | ForEach-Object { $_.Exception.Message }</code>
/// </example>
/// <example>
/// <summary>A release on a budget in PostgreSQL, which other machines charge as well.</summary>
/// <code>$budget = Get-PrivacyBudget -ConnectionString 'service=market' -Name spring
/// $clusters | New-DpPrototype -Epsilon 0.05 -Budget $budget</code>
/// </example>
/// <example>
/// <summary>Clusters that do not depend on private data: centroids from public texts.</summary>
/// <code>$public = Get-ClipEmbedding -Text 'a dog', 'a beach', 'a city street'
/// Get-ClipEmbedding ./photos/*.jpg | Group-Embedding -PublicCentroid $public | New-DpPrototype -Neighboring AddRemove</code>
/// </example>
/// <seealso>Group-Embedding</seealso>
/// <seealso>Measure-PrivacyLoss</seealso>
/// <seealso>Get-GaussianSigma</seealso>
/// <seealso>New-PrivacyBudget</seealso>
/// <seealso>about_QosValuation_Privacy</seealso>
[Cmdlet(VerbsCommon.New, "DpPrototype", SupportsShouldProcess = true, DefaultParameterSetName = "Release")]
[OutputType(typeof(DpPrototype))]
public sealed class NewDpPrototypeCommand : QosCmdlet
{
    private readonly List<PreparedRelease> _collected = [];
    private readonly List<PrivacyCharge> _previewed = [];
    private PrototypeReleaser? _releaser;
    private PrivacyBudgetStore? _budget;
    private bool _warnedOfSensitivity;

    /// <summary>Clusters with their members, from Group-Embedding.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(SemanticCluster))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>ε: the privacy budget of each prototype, above 0; 1 by default. Smaller is more private.</summary>
    [Parameter(Position = 0)]
    [Number]
    public double Epsilon { get; set; } = 1;

    /// <summary>
    /// δ: the probability that the guarantee fails, between 0 and 1, both excluded; 1e-5 by default. Keep it well below one over the number of records.
    /// </summary>
    [Parameter(Position = 1)]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>
    /// How noise is drawn, one mechanism a release: DiscreteGaussian by default, which is exact and has no floating-point leaks. ImageDp
    /// and None guarantee nothing.
    /// </summary>
    /// <value>DiscreteGaussian</value>
    [Parameter]
    [SingleValue]
    public PrivacyMechanism Mechanism { get; set; } = PrivacyMechanism.DiscreteGaussian;

    /// <summary>q of ImageDp, 0 or more; 0.2 by default. The noise has the standard deviation q·s.</summary>
    [Parameter]
    [Alias("Q")]
    [Number]
    public double PerturbationCoefficient { get; set; } = 0.2;

    /// <summary>s of ImageDp, 0 or more; 0.05 by default. The noise has the standard deviation q·s.</summary>
    [Parameter]
    [Alias("S")]
    [Number]
    public double Scale { get; set; } = 0.05;

    /// <summary>
    /// The L2 sensitivity of the mean, above 0, in place of 2/n: at your own risk, where you know that means of neighbouring clusters lie no further
    /// apart. A value below 2/n is warned of. Not with -Budget, nor for clusters of public centroids.
    /// </summary>
    [Parameter]
    [Number(MayBeAbsent = true)]
    public double? Sensitivity { get; set; }

    /// <summary>
    /// Which datasets count as neighbours: ReplaceOne (the default; one record exchanged, the count public) or AddRemove (one record more or less, the
    /// count private).
    /// </summary>
    [Parameter]
    [SingleValue]
    public Neighboring Neighboring { get; set; } = Neighboring.ReplaceOne;

    /// <summary>Whose data the guarantee protects: one Record (the default), or one Contributor with all records.</summary>
    /// <value>Record</value>
    [Parameter]
    [SingleValue]
    public PrivacyUnit Unit { get; set; } = PrivacyUnit.Record;

    /// <summary>
    /// With -Unit Contributor: the most records of a contributor, in order of arrival, that count in a prototype; all by default. The noise does not
    /// depend on it, because a contributor's records are averaged.
    /// </summary>
    /// <value>all</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber(MayBeAbsent = true)]
    public int? MaxRecordsPerContributor { get; set; }

    /// <summary>The privacy budget to charge before any noise is drawn: from New-PrivacyBudget or Get-PrivacyBudget, or its path or address.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Budget")]
    [ValidateNotNullOrEmpty]
    public object? Budget { get; set; }

    /// <summary>
    /// Releases one cluster after another, as far as the budget goes, and keeps what was paid for; each cluster that is refused costs an error. Without it
    /// all clusters are released or none.
    /// </summary>
    [Parameter(ParameterSetName = "Budget")]
    public SwitchParameter AsAvailable { get; set; }

    /// <summary>The modalities to release, Image or Text; both by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public Modality[]? Modality { get; set; }

    /// <summary>
    /// The seed: the same seed and clusters give the same noise, which is then no longer private. Without it the noise is cryptographic. Not with -Budget.
    /// </summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (MaxRecordsPerContributor is not null && Unit != PrivacyUnit.Contributor)
        {
            throw new QosValuationException(
                Faults.ParameterNotForUnit,
                "-MaxRecordsPerContributor belongs to -Unit Contributor: add that, or leave it out.",
                nameof(MaxRecordsPerContributor));
        }

        _budget = Budget is null ? null : PrivacyBudgetStore.Open(ResolveStore(BudgetPath.Of(Budget)));
        var options = new PrototypeReleaseOptions
        {
            Mechanism = Mechanism,
            Epsilon = Epsilon,
            Delta = Delta,
            Neighboring = Neighboring,
            Unit = Unit,
            MaximumRecordsPerContributor = MaxRecordsPerContributor,
            Sensitivity = Sensitivity,
            PerturbationCoefficient = PerturbationCoefficient,
            Scale = Scale,
            Modalities = Modality,
        };
        _releaser = new PrototypeReleaser(options, RandomSource.Create(Seed), _budget);
        INoiseMechanism mechanism = NoiseMechanisms.Of(Mechanism);
        MechanismAdvice.Write(this, mechanism, options.Noise);
        if (!mechanism.UsesPerturbation && (IsBound(nameof(PerturbationCoefficient)) || IsBound(nameof(Scale))))
        {
            WriteWarning($"-PerturbationCoefficient and -Scale decide the noise of -Mechanism ImageDp and have no effect on {Mechanism}.");
        }

        if (Seed is not null)
        {
            WriteVerbose("The noise comes from a seed: whoever knows it can remove the noise, so IsFormal is false. Publish unseeded prototypes only.");
        }

        if (mechanism.HasSensitivity)
        {
            WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"σ is {_releaser.NoiseMultiplier:G6} times the sensitivity."));
        }
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (SemanticCluster cluster in Records<SemanticCluster>(InputObject))
        {
            Cancellation.ThrowIfCancellationRequested();
            TryItem(cluster, () =>
            {
                if (_budget is null)
                {
                    if (ShouldProcess($"Cluster {cluster.Id}", "Release prototypes"))
                    {
                        foreach (DpPrototype prototype in _releaser!.Release(cluster))
                        {
                            Write(prototype);
                        }
                    }
                }
                else if (AsAvailable)
                {
                    try
                    {
                        ReleaseOnBudget([_releaser!.Prepare(cluster)], _budget);
                    }
                    catch (PrivacyBudgetException refused)
                    {
                        throw refused.About($"Cluster {cluster.Id} was not released.");
                    }
                }
                else
                {
                    _collected.Add(_releaser!.Prepare(cluster));
                }
            });
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_budget is not null)
        {
            ReleaseOnBudget(_collected, _budget);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _budget?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Charges all of it or nothing, and draws it.</summary>
    private void ReleaseOnBudget(List<PreparedRelease> releases, PrivacyBudgetStore budget)
    {
        PrivacyCharge[] charges = [.. releases.SelectMany(release => release.Charges)];
        if (charges.Length == 0)
        {
            return;
        }

        // What would be refused is refused before anybody is asked about it.
        IReadOnlyList<PrivacyChargePreview> preview = budget.Preview(charges, _previewed);
        string plan = BudgetSentences.Plan(budget.Budget, releases.Count, charges.Length, preview);
        if (!ShouldProcess(plan, plan, "Release prototypes on a privacy budget", out ShouldProcessReason reason))
        {
            if (reason == ShouldProcessReason.WhatIf)
            {
                _previewed.AddRange(charges);
            }

            return;
        }

        Cancellation.ThrowIfCancellationRequested();
        _releaser!.Charge(releases);

        // From here on all is paid for: what does not leave is lost, and that is said.
        int delivered = 0;
        try
        {
            foreach (DpPrototype prototype in releases.SelectMany(_releaser.Draw))
            {
                try
                {
                    Write(prototype);
                }
                catch when (!Stopping)
                {
                    // A command further on took it and wants no more.
                    delivered++;
                    throw;
                }

                delivered++;
            }
        }
        finally
        {
            if (delivered < charges.Length)
            {
                TellLost(BudgetSentences.Lost(budget, charges, delivered));
            }
        }
    }

    private void Write(DpPrototype prototype)
    {
        WarnOfSensitivity(prototype);
        WriteRecord(prototype);
    }

    private void WarnOfSensitivity(DpPrototype prototype)
    {
        if (Sensitivity < PrototypeReleaser.SensitivityBound(prototype.Count) && NoiseMechanisms.Of(Mechanism).HasSensitivity && !_warnedOfSensitivity)
        {
            _warnedOfSensitivity = true;
            WriteWarning(string.Create(
                CultureInfo.CurrentCulture,
                $"-Sensitivity {Sensitivity:G6} is below the bound 2/n = {PrototypeReleaser.SensitivityBound(prototype.Count):G6} of cluster "
                + $"{prototype.ClusterId} (n = {prototype.Count}): the guarantee holds only if you know that means of neighbours lie no further apart."));
        }
    }
}
