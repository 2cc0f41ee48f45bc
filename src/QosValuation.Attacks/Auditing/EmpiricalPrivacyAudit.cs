using MathNet.Numerics.Distributions;
using QosValuation.Attacks.Membership;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Attacks.Auditing;

/// <summary>
/// Bounds a mechanism's ε from below by what it really releases on two neighbouring datasets (Jagielski, Ullman and Oprea 2020;
/// Nasr et al. 2021 and 2023).
/// </summary>
/// <remarks>
/// <para>(ε, δ)-differential privacy bounds every region S of outputs by P(S | D) ≤ e^ε·P(S | D′) + δ, either way round. So
/// ε ≥ ln((p − δ)/q) for a lower bound p and an upper bound q on the two rates. S is a set of releases whose likelihood ratio lies
/// on one side of a threshold: by Neyman and Pearson's lemma no set does better. The side and threshold are chosen on one half of
/// the trials, and the rates are counted on the other half, so that the choice cannot flatter the bound. Each rate gets half of
/// the error in a Clopper and Pearson bound; the result lies above the true ε with probability at most 1 − confidence.</para>
/// <para>No number of trials shows a small ε exactly: with n counted trials no bound exceeds about ln(n/3.7), and rare outputs, where the loss is
/// largest, stay uncounted. The Gaussian bound uses the shape of the noise: μ ≥ Φ⁻¹(p) − Φ⁻¹(q), and ε follows from μ and δ.</para>
/// <para>O(trials) releases on all cores. Every block of trials has a random stream of its own, so that the same seed gives the
/// same bound for any number of threads.</para>
/// </remarks>
public static class EmpiricalPrivacyAudit
{
    private const int TrialsPerBlock = 256;
    private const double ChoiceCaution = 100;

    /// <summary>Audits a mechanism on a pair of neighbouring datasets.</summary>
    /// <param name="options">The mechanism, its claim and the trials.</param>
    /// <param name="pair">The datasets.</param>
    /// <param name="progress">Told the number of pairs of releases done, on worker threads.</param>
    /// <param name="maximumThreads">How many threads to use; −1 for one a core. It does not change the result.</param>
    /// <param name="cancellationToken">Stops the audit.</param>
    /// <returns>The bounds.</returns>
    /// <exception cref="QosValuationException"><c>AuditNotValid</c>, or what <see cref="PrototypeReleaser"/> throws.</exception>
    public static EmpiricalPrivacy Measure(
        EmpiricalPrivacyOptions options, NeighboringPair pair, IProgress<int>? progress = null, int maximumThreads = -1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(pair);
        bool claims = NoiseMechanisms.Of(options.Release.Mechanism).IsFormal || options.Releaser is not null;
        Validate(options, claims);
        PrototypeReleaseOptions drawn = ScaleNoise(options.Release, options.NoiseScale);
        Func<RandomSource, Func<SemanticCluster, DpPrototype>> releaser = options.Releaser
            ?? (random =>
            {
                var own = new PrototypeReleaser(drawn with { Modalities = [pair.Modality] }, random);
                return cluster => own.Release(cluster)[0];
            });
        double[] member = new double[options.Trials];
        double[] other = new double[options.Trials];
        double mu = double.NaN;
        int blocks = (options.Trials + TrialsPerBlock - 1) / TrialsPerBlock;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = maximumThreads, CancellationToken = cancellationToken };
        int done = 0;
        Parallel.For(0, blocks, parallel, block =>
        {
            Func<SemanticCluster, DpPrototype> release = releaser(RandomSource.Create(options.Seed, RandomStreams.Mix(StreamOf(options, pair), (ulong)block)));
            int end = Math.Min(options.Trials, (block + 1) * TrialsPerBlock);
            for (int trial = block * TrialsPerBlock; trial < end; trial++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                DpPrototype released = release(pair.Member);
                member[trial] = pair.LogLikelihoodRatio(released);
                other[trial] = pair.LogLikelihoodRatio(release(pair.Other));
                if (trial == 0)
                {
                    mu = pair.Mu(released);
                }
            }

            progress?.Report(Interlocked.Add(ref done, end - block * TrialsPerBlock));
        });
        return Bound(member, other, options.Release.Delta, options.Confidence) with
        {
            Mechanism = options.Releaser is null ? options.Release.Mechanism : null,
            Neighboring = options.Release.Neighboring,
            ClusterId = pair.Member.Id,
            Modality = pair.Modality,
            ClaimedEpsilon = claims ? options.Release.Epsilon : double.NaN,
            TheoreticalEpsilon = options.Releaser is not null ? double.NaN : double.IsPositiveInfinity(mu) ? mu
                : GaussianCalibration.EpsilonOfMu(mu, options.Release.Delta),
            NoiseScale = options.NoiseScale,
        };
    }

    /// <summary>Audits a mechanism from elsewhere, one release after another on the calling thread.</summary>
    /// <param name="options">The claim and the trials; the mechanism and the noise scale are not used.</param>
    /// <param name="pair">The datasets.</param>
    /// <param name="release">Releases from a cluster with a seed (null without one): a <see cref="DpPrototype"/>, or a vector as float[] whose count and
    /// noise nobody tells.</param>
    /// <param name="progress">Told the number of pairs of releases done.</param>
    /// <param name="cancellationToken">Stops the audit.</param>
    /// <returns>The bounds.</returns>
    /// <exception cref="QosValuationException"><c>AuditNotValid</c>, <c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, or <c>ReleaseNotValid</c> for a
    /// release that is no vector of the records' length.</exception>
    public static EmpiricalPrivacy MeasureExternal(
        EmpiricalPrivacyOptions options, NeighboringPair pair, Func<SemanticCluster, int?, object> release, Action<int>? progress = null,
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(release);
        Validate(options, claims: true);
        double[] member = new double[options.Trials];
        double[] other = new double[options.Trials];
        RandomSource seeds = RandomSource.Create(options.Seed, StreamOf(options, pair));
        for (int trial = 0; trial < options.Trials; trial++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            member[trial] = Score(pair, release(pair.Member, Seed()));
            other[trial] = Score(pair, release(pair.Other, Seed()));
            progress?.Invoke(trial + 1);
        }

        return Bound(member, other, options.Release.Delta, options.Confidence) with
        {
            Neighboring = options.Release.Neighboring,
            ClusterId = pair.Member.Id,
            Modality = pair.Modality,
            ClaimedEpsilon = options.Release.Epsilon,
        };

        int? Seed() => options.Seed is null ? null : seeds.NextInt32(int.MaxValue);
    }

    /// <summary>Bounds ε from scores of releases: any scores prove something, those of the likelihood ratio most. O(n log n).</summary>
    /// <param name="member">Scores of releases of one dataset; not NaN.</param>
    /// <param name="other">As many scores of releases of its neighbour.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="confidence">The confidence of each bound, in (0, 1).</param>
    /// <returns>The bounds; of a mechanism about which nothing else is told.</returns>
    /// <exception cref="QosValuationException"><c>AuditNotValid</c> for fewer than 100 scores or a confidence out of range; <c>DeltaOutOfRange</c>.</exception>
    public static EmpiricalPrivacy Bound(double[] member, double[] other, double delta, double confidence)
    {
        ArgumentNullException.ThrowIfNull(member);
        ArgumentNullException.ThrowIfNull(other);
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.Length, member.Length);
        Validate(member.Length, delta, confidence);
        int half = member.Length / 2;

        // Each of the two rates may be wrong with half of the error. The choice is free: a much smaller error keeps it from
        // regions of few releases that look well by luck.
        double error = (1 - confidence) / 2;
        var chooser = new Region(member[..half], other[..half], delta, error / ChoiceCaution);
        var counter = new Region(member[half..], other[half..], delta, error);
        (Cut any, Cut gaussian) = chooser.BestCuts();
        (int truePositives, int falsePositives) = counter.Count(any);
        double mu = Math.Max(0, counter.Bounds(gaussian).Mu);
        return new EmpiricalPrivacy
        {
            Mechanism = null,
            Neighboring = Neighboring.ReplaceOne,
            ClusterId = null,
            Modality = Modality.Image,
            ClaimedEpsilon = double.NaN,
            Delta = delta,
            EpsilonLowerBound = Math.Max(0, counter.Bounds(any).Epsilon),
            GaussianEpsilonLowerBound = mu == 0 ? 0 : GaussianCalibration.EpsilonOfMu(mu, delta),
            MuLowerBound = mu,
            TheoreticalEpsilon = double.NaN,
            Confidence = confidence,
            Trials = member.Length,
            TruePositives = truePositives,
            FalsePositives = falsePositives,
            NoiseScale = 1,
        };
    }

    /// <summary>Options under which the module's own release draws more or less noise than the given ones need. O(1).</summary>
    /// <param name="options">The claim.</param>
    /// <param name="noiseScale">The drawn noise over the claimed, above 0.</param>
    /// <returns>The same options where the scale is 1; else those whose noise is scaled so.</returns>
    /// <exception cref="QosValuationException"><c>AuditNotValid</c> for a scale out of range.</exception>
    internal static PrototypeReleaseOptions ScaleNoise(PrototypeReleaseOptions options, double noiseScale)
    {
        if (!(noiseScale > 0) || !double.IsFinite(noiseScale))
        {
            throw Invalid(
                $"The noise scale is {noiseScale}; give a finite number above 0, 1 for the mechanism as it is and 0.5 for half of its noise.", noiseScale);
        }

        if (noiseScale == 1)
        {
            return options;
        }

        return options.WithNoise(NoiseMechanisms.Of(options.Mechanism).ScaleNoise(options.Noise, noiseScale));
    }

    private static double Score(NeighboringPair pair, object release)
    {
        double score = release switch
        {
            DpPrototype { Sigma: > 0 } prototype when prototype.Vector.Length == pair.Member.Members[0].Vector.Length => pair.LogLikelihoodRatio(prototype),
            DpPrototype prototype => pair.Project(prototype.Vector),
            float[] vector => pair.Project(vector),
            _ => double.NaN,
        };
        return double.IsNaN(score)
            ? throw new QosValuationException(
                Faults.ReleaseNotValid, "A release was no vector of numbers; return one prototype, or one vector as long as those of the records.", release)
            : score;
    }

    private static ulong StreamOf(EmpiricalPrivacyOptions options, NeighboringPair pair) => RandomStreams.Mix(
        (ulong)options.Release.Mechanism,
        (ulong)options.Release.Neighboring,
        RandomStreams.Bits(options.Release.Epsilon),
        RandomStreams.Bits(options.NoiseScale),
        (ulong)pair.Member.Id,
        (ulong)pair.Modality);

    // What is wrong shows before anything is released.
    private static void Validate(EmpiricalPrivacyOptions options, bool claims)
    {
        Validate(options.Trials, options.Release.Delta, options.Confidence);
        if (claims)
        {
            GaussianCalibration.RequireEpsilon(options.Release.Epsilon);
        }
    }

    private static void Validate(int trials, double delta, double confidence)
    {
        GaussianCalibration.RequireDelta(delta);
        if (trials < 100)
        {
            throw Invalid($"{trials} trials prove nothing; give at least 100, and 100,000 for a bound near the truth.", trials);
        }

        if (!(confidence > 0 && confidence < 1))
        {
            throw Invalid($"The confidence is {confidence}; give a number between 0 and 1, both excluded (0.95 is usual).", confidence);
        }
    }

    private static QosValuationException Invalid(string message, object subject) => new(Faults.AuditNotValid, message, subject);

    /// <summary>A set of releases: those that score above the threshold and speak for the member, or below it and speak against.</summary>
    private readonly record struct Cut(double Threshold, bool Above);

    /// <summary>Counts one half of the trials.</summary>
    private sealed class Region(double[] member, double[] other, double delta, double error)
    {
        private readonly double[] _member = RocCurve.Descending(member);
        private readonly double[] _other = RocCurve.Descending(other);
        private readonly double[] _negatedMember = RocCurve.Descending(Array.ConvertAll(member, x => -x));
        private readonly double[] _negatedOther = RocCurve.Descending(Array.ConvertAll(other, x => -x));

        public (int True, int False) Count(Cut cut) => cut.Above
            ? (RocCurve.CountAbove(_member, cut.Threshold), RocCurve.CountAbove(_other, cut.Threshold))
            : (RocCurve.CountAbove(_negatedOther, -cut.Threshold), RocCurve.CountAbove(_negatedMember, -cut.Threshold));

        public (double Epsilon, double Mu) Bounds(Cut cut)
        {
            (int truePositives, int falsePositives) = Count(cut);
            double low = BinomialBound.Lower(truePositives, member.Length, error);
            double high = BinomialBound.Upper(falsePositives, other.Length, error);
            return (
                low > delta ? Math.Log((low - delta) / high) : double.NegativeInfinity,
                low > 0 && high < 1 ? Normal.InvCDF(0, 1, low) - Normal.InvCDF(0, 1, high) : double.NegativeInfinity);
        }

        // Thresholds that leave 0, 1, 2, … and then ever more false positives; a hundred of them lie close enough.
        public (Cut Any, Cut Gaussian) BestCuts()
        {
            (Cut Cut, double Value) any = (new Cut(double.PositiveInfinity, true), double.NegativeInfinity);
            (Cut Cut, double Value) gaussian = any;
            foreach (bool above in (ReadOnlySpan<bool>)[true, false])
            {
                double[] negatives = above ? _other : _negatedMember;
                for (double step = 0; step < negatives.Length; step = Math.Max(step + 1, step * 1.08))
                {
                    double threshold = negatives[(int)step];
                    var cut = new Cut(above ? threshold : -threshold, above);
                    (double epsilon, double mu) = Bounds(cut);
                    any = Better(any, cut, epsilon);
                    gaussian = Better(gaussian, cut, mu);
                }
            }

            return (any.Cut, gaussian.Cut);
        }

        private static (Cut, double) Better((Cut Cut, double Value) best, Cut cut, double value) => value > best.Value ? (cut, value) : best;
    }
}
