using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Schemes;
using QosValuation.Allocation.Simulation;
using QosValuation.Cmdlets;
using QosValuation.Reporting.Page;

namespace QosValuation.Tests;

/// <summary>Small reports with results of many kinds.</summary>
internal static class ReportSamples
{
    public static readonly DateTimeOffset Then = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>The sections that Export-QosReport knows.</summary>
    public static readonly ReportSectionRegistry Sections = ReportSectionRegistry.For(typeof(ExportQosReportCommand).Assembly);

    public static ReportRecord Row(string type, params (string Name, object? Value)[] properties) =>
        new(type, properties.Select(property => KeyValuePair.Create(property.Name, property.Value)));

    public static Report Build(string title, params IEnumerable<object> results)
    {
        var builder = new ReportBuilder(Sections);
        foreach (object result in results)
        {
            builder.Add(result as ReportRecord ?? ReportRecord.From(result));
        }

        return builder.Build(title, Then, [new("Note", "A test.")]);
    }

    /// <summary>Results about values, tokens and fairness.</summary>
    public static IEnumerable<object> Many()
    {
        foreach (AllocationSimulationResult row in AllocationSimulation.Run(new AllocationSimulationOptions { Agents = [50], Alphas = [0.1, 0.5, 1, 5], Rounds = 4, Seed = 1 }))
        {
            yield return row;
        }

        TokenAgent[] agents = [.. Enumerable.Range(1, 12).Select(i => new TokenAgent { Agent = "agent-" + i, Value = i, Capacity = 4 })];
        TokenGrant[] grants = TokenAllocator.Allocate(agents, 20, AllocationScheme.Proposed);
        foreach (TokenGrant grant in grants)
        {
            yield return grant;
        }

        yield return FairnessMeasures.Measure(grants);
        foreach (int i in Enumerable.Range(1, 5))
        {
            yield return new DataValue { Contributor = "contributor-0" + i, Quantity = 10 * i, Novel = 4 * i, Normal = 5 * i, Noise = i, MeanNovelty = 0.65, Value = 0.65 * Math.Log(1 + 10 * i) };
            yield return Row("SomethingElse", ("Name", "thing " + i), ("Amount", i * 1.5));
        }
    }

    /// <summary>Results about privacy: utility, membership, audits, attacks, the valuation simulation.</summary>
    public static IEnumerable<object> Privacy()
    {
        foreach (int i in Enumerable.Range(1, 4))
        {
            yield return Prototype(i, PrivacyMechanism.DiscreteGaussian, 1, 0.1 / i);
            yield return Prototype(i, PrivacyMechanism.ImageDp, double.NaN, 0.01);
        }

        foreach (double epsilon in new[] { 0.1, 0.5, 1, 2, 10 })
        {
            foreach (Modality modality in new[] { Modality.Image, Modality.Text })
            {
                yield return Utility(modality, PrivacyMechanism.DiscreteGaussian, epsilon, PrototypePostProcessing.None, 1 - Math.Exp(-epsilon));
            }

            yield return Utility(null, PrivacyMechanism.DiscreteGaussian, epsilon, PrototypePostProcessing.Average, 1 - Math.Exp(-1.3 * epsilon));
            yield return Membership(PrivacyMechanism.DiscreteGaussian, epsilon, Math.Tanh(epsilon / 2) * 0.6);
            yield return new EmpiricalPrivacy
            {
                Mechanism = PrivacyMechanism.DiscreteGaussian, Neighboring = Neighboring.ReplaceOne, ClusterId = null, Modality = Modality.Image, ClaimedEpsilon = epsilon, Delta = 1e-5, EpsilonLowerBound = 0.6 * epsilon,
                GaussianEpsilonLowerBound = 0.8 * epsilon, MuLowerBound = 0.2 * epsilon, TheoreticalEpsilon = epsilon, Confidence = 0.95, Trials = 10000, TruePositives = 4000, FalsePositives = 2000, NoiseScale = 1,
            };
        }

        yield return Utility(Modality.Image, PrivacyMechanism.ImageDp, double.NaN, PrototypePostProcessing.None, 0.97);
        yield return Membership(PrivacyMechanism.ImageDp, double.NaN, 0.98);
        foreach (int i in Enumerable.Range(1, 3))
        {
            yield return new Reconstruction
            {
                ClusterId = i, Modality = Modality.Image, Method = ReconstructionMethod.DirectAscent, Score = 0.9, ScoreTrace = [.. Enumerable.Range(0, 30).Select(step => 0.9 - 0.5 / (step + i))], ReferenceSimilarity = 0.4 + 0.1 * i,
                DecoySimilarity = 0.35, Steps = 30, IsComplete = true, ImageSize = 48, Image = Picture(i), Embedding = [1, 0],
            };
            foreach ((string release, double epsilon, double score) in new[] { ("None", double.PositiveInfinity, 0.7), ("Image-DP", double.NaN, 0.68), ("Image-Ours", 1, 0.45), ("Image-Ours", 10, 0.6), ("Text-Ours", 1, 0.42) })
            {
                yield return Row("Figure7Row", ("Release", release), ("Method", "DirectAscent"), ("Epsilon", epsilon), ("Gamma", 50), ("ClusterId", i), ("Repeat", 1), ("AttackScore", score + 0.02 * i), ("Decoy", 0.4 + 0.01 * i), ("Rank", 1), ("ImagePath", string.Empty));
            }
        }

        foreach (int gamma in new[] { 5, 20, 50 })
        {
            foreach (int quantity in new[] { 10, 50, 100, 200 })
            {
                yield return Row(
                    "ValuationSimulationResult", ("NoveltyThreshold", gamma), ("Quantity", quantity), ("Repetitions", 20), ("Value", Math.Log(1 + quantity) * gamma / (gamma + 10.0)), ("ValueStandardError", 0.05), ("Novel", gamma * 3.0),
                    ("NovelStandardError", 1.5), ("Confirmed", 60.0 / gamma), ("ConfirmedStandardError", 0.4), ("ConfirmationDelay", gamma * 2.5), ("FirstConfirmation", gamma * 2.0), ("Coverage", quantity / (quantity + gamma + 10.0)));
            }
        }
    }

    /// <summary>A prototype of 64 coordinates.</summary>
    public static DpPrototype Prototype(int cluster, PrivacyMechanism mechanism, double epsilon, double sigma) => new()
    {
        ClusterId = cluster, Modality = Modality.Image, Vector = new float[64], Count = 20 * cluster, Epsilon = epsilon, Delta = double.IsNaN(epsilon) ? double.NaN : 1e-5, Sensitivity = 0.1 / cluster, Sigma = sigma,
        Mechanism = mechanism, IsFormal = mechanism != PrivacyMechanism.ImageDp,
    };

    /// <summary>An attack on models trained with ε, or without noise where it is NaN.</summary>
    public static ModelMembershipInference ModelMembership(double epsilon, double advantage) => new()
    {
        Learner = ModelLearner.Logistic, Attack = MembershipAttack.Loss, Epsilon = epsilon, Delta = 1e-5, NoiseMultiplier = double.IsNaN(epsilon) ? 0 : 1 / epsilon, Records = 200, Targets = 8, Shadows = 64,
        Auc = 0.5 + advantage / 2, AucStandardError = 0.01, FalsePositiveRate = 0.001, TruePositiveRate = advantage / 10, TruePositiveRateStandardError = 0.01, Advantage = advantage, AdvantageStandardError = 0.02,
        EpsilonLowerBound = advantage / 2, Confidence = 0.95, MemberAccuracy = 0.9, OtherAccuracy = 0.8,
    };

    private static PrototypeUtility Utility(Modality? modality, PrivacyMechanism mechanism, double epsilon, PrototypePostProcessing post, double accuracy) => new()
    {
        Modality = modality, Mechanism = mechanism, Neighboring = Neighboring.ReplaceOne, Epsilon = epsilon, Delta = 1e-5, PostProcess = post, Clusters = 20, Trials = 30, RetrievalAccuracy = accuracy, RetrievalAccuracyStandardError = 0.02,
        Top5Accuracy = accuracy, Top5AccuracyStandardError = 0.02, MeanReciprocalRank = accuracy, MeanReciprocalRankStandardError = 0.02, Cosine = 0.9 * accuracy, CosineStandardError = 0.01, Distance = 1, DistanceStandardError = 0.01,
        CrossModalAccuracy = modality is null ? double.NaN : 0.5 * accuracy, CrossModalAccuracyStandardError = 0.03, CleanCrossModalAccuracy = modality is null ? double.NaN : 0.55,
    };

    private static MembershipInference Membership(PrivacyMechanism mechanism, double epsilon, double advantage) => new()
    {
        ClusterId = 1, Modality = Modality.Image, Count = 20, Mechanism = mechanism, Neighboring = Neighboring.ReplaceOne, Epsilon = epsilon, Delta = 1e-5, Attack = MembershipAttack.LikelihoodRatio, Auc = 0.5 + advantage / 2, AucStandardError = 0.01,
        FalsePositiveRate = 0.001, TruePositiveRate = advantage / 10, TruePositiveRateStandardError = 0.01, Advantage = advantage, AdvantageStandardError = 0.02, TheoreticalAuc = 0.5 + advantage / 1.9, TheoreticalTruePositiveRate = advantage / 9,
        TheoreticalAdvantage = advantage * 1.02, WorstCaseAuc = 0.5 + advantage / 1.8, Trials = 1000,
    };

    private static byte[] Picture(int hue)
    {
        byte[] rgb = new byte[48 * 48 * 3];
        for (int i = 0; i < rgb.Length; i++)
        {
            rgb[i] = (byte)(i % 3 == hue % 3 ? 200 : i / 144 * 4);
        }

        return rgb;
    }
}
