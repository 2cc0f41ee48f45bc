namespace QosValuation.Cmdlets.About;

/// <summary>What private prototypes guarantee, how losses add up, and what a privacy budget covers.</summary>
/// <remarks>
/// <para>New-DpPrototype releases the mean of a cluster's unit vectors with noise. A release is (ε, δ)-differentially private where no outcome becomes
/// more than e^ε times as likely, but for a chance δ, whichever of two neighbouring datasets it came from.</para>
/// <para>SENSITIVITY AND NOISE. Vectors of another norm than 1 are normalised, and none counts for more than 1, so that one of n records moves the mean by
/// at most Δ = 2/n (ReplaceOne, the count public), or the pair of sum and half the count by √1.25 (AddRemove, the count private). The noise's standard
/// deviation σ is the least that keeps (ε, δ): at δ = 1e-5, σ/Δ is 30.7 for ε = 0.1, 3.73 for ε = 1, and 0.5 for ε = 10. Get-GaussianSigma tells
/// it.</para>
/// <para>MECHANISMS. DiscreteGaussian, the default, draws whole numbers on a grid of 2⁻³⁶ by integer arithmetic and cryptographic bits alone. It keeps the
/// guarantee of the continuous Gaussian with the same σ (to twelve digits). AnalyticGaussian and ClassicGaussian draw floating-point noise, whose lowest
/// bits depend on the data (Mironov 2012). ImageDp guarantees nothing, and None adds no noise at all: it is the private mean itself, for comparisons. Both
/// are never formal; their loss is infinite.</para>
/// <para>UNITS. -Unit Record protects one photograph with its captions; -Unit Contributor all records of a contributor, which are averaged to one vector
/// of norm at most 1 first. Contributors then count in the place of records.</para>
/// <para>CLUSTERS. With clusters found in the data the guarantee holds given the clusters: which there are, and who is in which, is not hidden. With
/// Group-Embedding -PublicCentroid, where each record goes to the nearest of centroids that do not depend on the data, membership is protected too. Every
/// centroid then gets a prototype, empty or not. Under AddRemove a record touches one cluster; under ReplaceOne it may leave one and enter another, two
/// changes of √1.25, which together stay below the sensitivity 2 that the noise is calibrated for.</para>
/// <code>
/// $public = Get-ClipEmbedding -Text 'a dog', 'a beach', 'a city street'
/// $embeddings | Group-Embedding -PublicCentroid $public | New-DpPrototype -Neighboring AddRemove -Modality Image
/// </code>
/// <para>ADDING UP. μ = Δ/σ of each release; together √Σμ², exactly (Gaussian differential privacy). Two releases of ε cost less than 2ε.
/// Measure-PrivacyLoss states the ε of all releases given to it.</para>
/// <para>BUDGETS. New-PrivacyBudget makes a SQLite file, or with -ConnectionString the tables in a PostgreSQL database that machines share.
/// New-DpPrototype -Budget charges all its releases to every contributor with a record in them,
/// in one transaction that is on disk before any noise is drawn. What would exceed a contributor's (ε, δ) is refused as a whole with the error
/// PrivacyBudgetExceeded; -AsAvailable releases as much as fits. The charges are chained by hashes and added up again whenever the file is opened:
/// one that was changed is closed (PrivacyBudgetDamaged), and Test-PrivacyBudget says where. Processes releasing at once never overspend together;
/// one that is killed loses no charge, though perhaps a release that was paid for. Spent is the ε of a contributor's releases together, Remaining the
/// largest ε of one more.</para>
/// <code>
/// $budget = New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -Path ./privacy.db
/// $clusters | New-DpPrototype -Epsilon 0.1 -Modality Image -Budget $budget
/// Get-PrivacyBudget ./privacy.db -Contributor *
/// </code>
/// <para>WHAT A BUDGET DOES NOT COVER. Releases past it, or on another file; a file that was deleted or put back; what a refusal tells to whoever sees it
/// (message and file name contributors, and are the curator's); one person under two names. -Seed, -Sensitivity, ImageDp and None are refused with a
/// budget, because no charge could account for them.</para>
/// <para>Sources: Balle and Wang 2018; Canonne, Kamath and Steinke 2020; Dong, Roth and Su 2022; Mironov 2012.</para>
/// </remarks>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>New-PrivacyBudget</seealso>
/// <seealso>Get-PrivacyBudget</seealso>
/// <seealso>Measure-PrivacyLoss</seealso>
/// <seealso>Group-Embedding</seealso>
[AboutTopic("about_QosValuation_Privacy")]
internal static class AboutQosValuationPrivacy;
