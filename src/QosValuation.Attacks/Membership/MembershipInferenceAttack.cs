using QosValuation.Attacks.Auditing;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Attacks.Membership;

/// <summary>
/// Membership inference against released prototypes, the threat of the paper's section II-C: a curious server holds the prototype
/// of a cluster and a record's embedding, and asks whether the record was among those averaged.
/// </summary>
/// <remarks>
/// <para>The game: of a cluster's records one is the candidate. In half of the trials the prototype is released from a dataset that
/// holds it, in the other half from the neighbour: under ReplaceOne another record of the cluster stands in the candidate's place
/// (each dataset leaves one of the two out), or its opposite; under AddRemove it is gone. Candidates take turns, up to 256 of
/// them in random order, and one threshold serves for all. Each release runs the mechanism's own code on the whole dataset.</para>
/// <para>The likelihood-ratio attacker knows all other records and the noise: <see cref="NeighboringPair"/>. The best that can be
/// reached against Gaussian noise follows from the distances of the datasets; a mechanism whose attack does better than that
/// draws less noise than it says.</para>
/// <para>O(trials·members·d) a cluster, on all cores. Trials have random streams of their own in blocks, so that the same seed
/// gives the same figures for any number of threads, and whatever else is attacked beside it.</para>
/// </remarks>
public sealed class MembershipInferenceAttack
{
    private const int MostCandidates = 256;
    private const int TrialsPerBlock = 64;
    private readonly MembershipInferenceOptions _options;
    private readonly double _worstCaseAuc;

    /// <summary>Creates an attack. O(1).</summary>
    /// <param name="options">The mechanism, the attacks and the trials.</param>
    /// <exception cref="QosValuationException"><c>AttackNotValid</c>, or what <see cref="PrototypeReleaser"/> throws.</exception>
    public MembershipInferenceAttack(MembershipInferenceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Trials < 2)
        {
            throw Invalid(
                $"{options.Trials} trials measure nothing; give at least 2, and 10,000 or more for the true-positive rate at 0.1 % false positives.",
                options.Trials);
        }

        if (!(options.FalsePositiveRate > 0 && options.FalsePositiveRate < 1))
        {
            throw Invalid(
                $"The false-positive rate is {options.FalsePositiveRate}; give a number between 0 and 1, both excluded (0.001 is usual).",
                options.FalsePositiveRate);
        }

        if (options.Attacks.Count == 0)
        {
            throw Invalid("There is no attack; give LikelihoodRatio, Cosine or both.", options.Attacks);
        }

        if (options.Attacks.Contains(MembershipAttack.Loss))
        {
            throw Invalid("A prototype has no loss; attack it by LikelihoodRatio, Cosine or both.", options.Attacks);
        }

        _options = options;
        double multiplier = new PrototypeReleaser(options.Release, RandomSource.Create(0)).NoiseMultiplier;
        _worstCaseAuc = double.IsNaN(multiplier) ? double.NaN : GaussianTradeOff.Auc([1 / multiplier]);
    }

    /// <summary>Attacks the prototypes of one cluster: image first, then text.</summary>
    /// <param name="cluster">The cluster with its members.</param>
    /// <param name="progress">Told the trials done, on worker threads.</param>
    /// <param name="maximumThreads">How many threads to use; −1 for one a core. It does not change the results.</param>
    /// <param name="cancellationToken">Stops the attack.</param>
    /// <returns>A result for each modality and attack.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ClusterWithoutMembers</c>, the fault of a member, <c>ClusterTooSmall</c> where no modality has enough records, or what
    /// <see cref="PrototypeReleaser"/> throws.
    /// </exception>
    public IReadOnlyList<MembershipInference> Run(
        SemanticCluster cluster, IProgress<int>? progress = null, int maximumThreads = -1, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var results = new List<MembershipInference>(4);
        int smallest = _options.Release.Neighboring == Neighboring.ReplaceOne && _options.Counterpart == MembershipCounterpart.Opposite ? 1 : 2;
        foreach (NeighboringPair.WithinCluster records in NeighboringPair.WithinCluster.Of(cluster,
            clip: NoiseMechanisms.Of(_options.Release.Mechanism).ClipsRecords))
        {
            if (records.Count >= smallest && (_options.Release.Modalities?.Contains(records.Modality) ?? true))
            {
                results.AddRange(Run(cluster, records, progress, maximumThreads, cancellationToken));
            }
        }

        return results.Count > 0
            ? results
            : throw new QosValuationException(
                Faults.ClusterTooSmall,
                $"Cluster {cluster.Id} has fewer than {smallest} records of the modality, so no dataset would be left without the candidate; leave it out.",
                cluster);
    }

    private IEnumerable<MembershipInference> Run(
        SemanticCluster cluster, NeighboringPair.WithinCluster records, IProgress<int>? progress, int maximumThreads, CancellationToken cancellationToken)
    {
        ulong stream = RandomStreams.Mix(
            (ulong)_options.Release.Mechanism, (ulong)_options.Release.Neighboring, RandomStreams.Bits(_options.Release.Epsilon), (ulong)cluster.Id,
                (ulong)records.Modality);
        int[] order = [.. Enumerable.Range(0, records.Count)];
        RandomSource.Create(_options.Seed, stream).Shuffle(order.AsSpan());
        int candidates = Math.Min(Math.Min(records.Count, MostCandidates), _options.Trials);
        List<Block> blocks = Split(candidates);
        double[][] member = [.. _options.Attacks.Select(_ => new double[_options.Trials])];
        double[][] other = [.. _options.Attacks.Select(_ => new double[_options.Trials])];
        double[] mus = new double[candidates];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = maximumThreads, CancellationToken = cancellationToken };
        int done = 0;
        bool exchanges = _options.Release.Neighboring == Neighboring.ReplaceOne && _options.Counterpart == MembershipCounterpart.Record;
        Parallel.For(0, blocks.Count, parallel, index =>
        {
            Block block = blocks[index];
            int candidate = order[block.Candidate];
            NeighboringPair pair = exchanges
                ? records.Exchange(candidate, order[(block.Candidate + 1) % order.Length])
                : records.WorstPair(candidate, _options.Release.Neighboring);
            var releaser = new PrototypeReleaser(
                _options.Release with { Modalities = [records.Modality] },
                RandomSource.Create(_options.Seed, RandomStreams.Mix(stream, (ulong)index + 1)));
            ReadOnlySpan<double> vector = records.Vector(candidate);
            for (int trial = block.Start; trial < block.End; trial++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                DpPrototype with = releaser.Release(pair.Member)[0];
                DpPrototype without = releaser.Release(pair.Other)[0];
                for (int a = 0; a < _options.Attacks.Count; a++)
                {
                    member[a][trial] = Score(_options.Attacks[a], pair, with, vector);
                    other[a][trial] = Score(_options.Attacks[a], pair, without, vector);
                }

                if (trial == block.Start && block.IsFirst)
                {
                    mus[block.Candidate] = pair.Mu(with);
                }
            }

            progress?.Report(Interlocked.Add(ref done, block.End - block.Start));
        });
        double theoreticalAuc = GaussianTradeOff.Auc(mus);
        double theoreticalRate = GaussianTradeOff.TruePositiveRate(mus, _options.FalsePositiveRate);
        double theoreticalAdvantage = GaussianTradeOff.Advantage(mus);
        bool formal = NoiseMechanisms.Of(_options.Release.Mechanism).IsFormal;
        for (int a = 0; a < _options.Attacks.Count; a++)
        {
            var curve = new RocCurve(member[a], other[a]);
            (double auc, double aucError) = curve.Auc();
            (double rate, double rateError) = curve.TruePositiveRate(_options.FalsePositiveRate);
            (double advantage, double advantageError) = _options.Attacks[a] == MembershipAttack.LikelihoodRatio ? curve.AdvantageAt(0)
                : curve.CrossValidatedAdvantage();
            yield return new MembershipInference
            {
                ClusterId = cluster.Id,
                Modality = records.Modality,
                Count = exchanges ? records.Count - 1 : records.Count,
                Mechanism = _options.Release.Mechanism,
                Neighboring = _options.Release.Neighboring,
                Epsilon = formal ? _options.Release.Epsilon : double.NaN,
                Delta = formal ? _options.Release.Delta : double.NaN,
                Attack = _options.Attacks[a],
                Auc = auc,
                AucStandardError = aucError,
                FalsePositiveRate = _options.FalsePositiveRate,
                TruePositiveRate = rate,
                TruePositiveRateStandardError = rateError,
                Advantage = advantage,
                AdvantageStandardError = advantageError,
                TheoreticalAuc = theoreticalAuc,
                TheoreticalTruePositiveRate = theoreticalRate,
                TheoreticalAdvantage = theoreticalAdvantage,
                WorstCaseAuc = _worstCaseAuc,
                Trials = _options.Trials,
            };
        }
    }

    // Each candidate has its share of the trials, in blocks that any thread may take.
    private List<Block> Split(int candidates)
    {
        var blocks = new List<Block>();
        for (int candidate = 0; candidate < candidates; candidate++)
        {
            int first = (int)((long)_options.Trials * candidate / candidates);
            int end = (int)((long)_options.Trials * (candidate + 1) / candidates);
            for (int start = first; start < end; start += TrialsPerBlock)
            {
                blocks.Add(new Block(candidate, start, Math.Min(end, start + TrialsPerBlock), start == first));
            }
        }

        return blocks;
    }

    private static double Score(MembershipAttack attack, NeighboringPair pair, DpPrototype prototype, ReadOnlySpan<double> candidate)
    {
        if (attack == MembershipAttack.LikelihoodRatio)
        {
            return pair.LogLikelihoodRatio(prototype);
        }

        double product = 0;
        double square = 0;
        for (int i = 0; i < candidate.Length; i++)
        {
            product += candidate[i] * prototype.Vector[i];
            square += (double)prototype.Vector[i] * prototype.Vector[i];
        }

        return square > 0 ? product / Math.Sqrt(square) : 0;
    }

    private static QosValuationException Invalid(string message, object subject) => new(Faults.AttackNotValid, message, subject);

    private readonly record struct Block(int Candidate, int Start, int End, bool IsFirst);
}
