namespace QosValuation.Cmdlets.About;

/// <summary>How released prototypes are attacked, and how to read what the attacks find.</summary>
/// <remarks>
/// <para>A prototype is the noisy mean of a cluster's records. Three questions decide whether it may leave the house: can one tell who is in it, does the
/// mechanism keep the ε it promises, and what does a record look like that is drawn back out of it? Three cmdlets play the attacker;
/// Measure-PrototypeUtility tells what the noise that keeps them off leaves of the prototypes' use.</para>
/// <para>MEMBERSHIP. Invoke-MembershipInferenceAttack releases prototypes with and without a record, and scores how well an attacker tells the two apart.
/// The strongest attacker (LikelihoodRatio) knows all other records and the noise; the weaker one (Cosine) knows the prototype and the record's embedding
/// alone. Auc is the probability that a release with the record scores above one without it: 0.5 is guessing. TruePositiveRate at 0.1 % false positives is
/// what an attacker gets who must not accuse wrongly; it tells more about the few records that stand out than an average over all. Advantage is the true-
/// minus the false-positive rate at the attacker's threshold.</para>
/// <code>
/// $clusters | Invoke-MembershipInferenceAttack -Epsilon 0.5, 1, 5 -Trials 1000 -Seed 1
/// </code>
/// <para>THE LIMIT. Gaussian noise of deviation σ on means that lie a distance D apart leaves μ = D/σ standard deviations between the two worlds, and
/// nobody does better than AUC = Φ(μ/√2), a true-positive rate Φ(Φ⁻¹(α) + μ) at the false-positive rate α, and an advantage 2Φ(μ/2) − 1. TheoreticalAuc
/// and its like are these numbers for the records attacked; WorstCaseAuc is the limit for any records, from μ = Δ/σ. An attack that beats the limit by
/// several standard errors has found noise that is missing.</para>
/// <para>EMPIRICAL EPSILON. Measure-EmpiricalPrivacy turns releases on the two worst neighbours into a lower bound on ε at 95 % confidence, which holds
/// whatever the mechanism is. A bound above the claim refutes it. A bound below the claim proves nothing more than that these trials did not refute it: an
/// audit finds faults, and only a proof finds privacy. GaussianEpsilonLowerBound trusts that the noise is Gaussian, and so needs far fewer trials.</para>
/// <code>
/// Measure-EmpiricalPrivacy -Mechanism DiscreteGaussian, AnalyticGaussian -Epsilon 1 -Trials 50000 -Seed 1
/// Measure-EmpiricalPrivacy -Epsilon 1 -NoiseScale 0.5 -Seed 1           # half of the noise: found
/// Measure-EmpiricalPrivacy -Mechanism ImageDp -Trials 50000 -Seed 1     # no promise, and a large ε
/// </code>
/// <para>RECONSTRUCTION. Invoke-ReconstructionAttack looks for an image whose embedding points where a prototype points (Direct Ascent Synthesis, paper,
/// section V-D). It asks what the cluster is about rather than who is in it: a prototype with little noise gives away the common subject of its records
/// although no single record can be told to be a member. Low membership scores and a telling reconstruction do not contradict each other. With several
/// -Method, IsStrongest marks the attacker that told most about the truth: by SourceRank, then by ReferenceSimilarity less DecoySimilarity. A cosine to
/// the truth means nothing without the cosine to the others beside it.</para>
/// <para>SEEDS. All three repeat with -Seed. Prototypes attacked here are made for the attack; the ones that are published come from New-DpPrototype
/// without a seed.</para>
/// <para>Sources: Yeom et al. 2018 (advantage); Carlini et al. 2022 (true positives at few false ones); Dong, Roth and Su 2022 (trade-off functions);
/// Jagielski, Ullman and Oprea 2020, and Nasr et al. 2021 and 2023 (audits); Clopper and Pearson 1934.</para>
/// </remarks>
/// <seealso>Invoke-MembershipInferenceAttack</seealso>
/// <seealso>Measure-EmpiricalPrivacy</seealso>
/// <seealso>Measure-PrototypeUtility</seealso>
/// <seealso>New-DpPrototype</seealso>
[AboutTopic("about_QosValuation_Attacks")]
internal static class AboutQosValuationAttacks;
