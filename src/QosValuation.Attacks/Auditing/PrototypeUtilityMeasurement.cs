using QosValuation.Attacks.Membership;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Attacks.Auditing;

/// <summary>
/// Measures what noise leaves of prototypes: whether a released prototype still finds its own cluster among the clean prototypes
/// of all clusters, how near it is, and whether an image prototype finds the text prototype of its cluster.
/// </summary>
/// <remarks>
/// <para>A clean prototype is the mean of the records' unit vectors in a modality, without noise. Rank and cosine do not depend on
/// lengths; the distance does. Across modalities both sides are released: the catalogue of the paper holds nothing else.</para>
/// <para>O(trials·(members·d + K²·d)) a release and post-processing for K clusters, on all cores. Every trial has a random stream
/// of its own, so that the same seed gives the same figures for any number of threads.</para>
/// </remarks>
public sealed class PrototypeUtilityMeasurement
{
    private readonly List<SemanticCluster> _clusters = [];
    private readonly Dictionary<int, Dictionary<Modality, DpPrototype>> _clean = [];
    private int _dimension;

    /// <summary>The number of clusters added.</summary>
    public int ClusterCount => _clusters.Count;

    /// <summary>Adds a cluster. O(members·d).</summary>
    /// <param name="cluster">The cluster with its members.</param>
    /// <exception cref="QosValuationException"><c>ClusterWithoutMembers</c>, <c>ClusterRepeated</c>, <c>PrototypeDimensionMismatch</c>, or the fault of a
    /// member; the cluster is left out.</exception>
    public void Add(SemanticCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (_clean.ContainsKey(cluster.Id))
        {
            throw new QosValuationException(
                Faults.ClusterRepeated, $"Cluster {cluster.Id} came before: measure the clusters of one grouping at a time.", cluster);
        }

        Dictionary<Modality, DpPrototype> clean = [];
        foreach (NeighboringPair.WithinCluster records in NeighboringPair.WithinCluster.Of(cluster, clip: true))
        {
            float[] mean = records.Mean();
            if (_dimension != 0 && mean.Length != _dimension)
            {
                throw new QosValuationException(
                    Faults.PrototypeDimensionMismatch,
                    $"Cluster {cluster.Id} holds vectors of {mean.Length} components, those before it of {_dimension}: measure the clusters of one model at a "
                    + $"time.",
                    cluster);
            }

            clean.Add(records.Modality, new DpPrototype
            {
                ClusterId = cluster.Id,
                Modality = records.Modality,
                Vector = mean,
                Count = records.Count,
                Epsilon = double.PositiveInfinity,
                Delta = 0,
                Sensitivity = double.NaN,
                Sigma = 0,
                Mechanism = PrivacyMechanism.None,
                IsFormal = false,
            });
        }

        _dimension = clean.Values.First().Vector.Length;
        _clean.Add(cluster.Id, clean);
        _clusters.Add(cluster);
    }

    /// <summary>Releases prototypes of the clusters again and again, and measures them.</summary>
    /// <param name="options">What to release and how often.</param>
    /// <param name="progress">Told the trials done of the release at hand, on worker threads.</param>
    /// <param name="maximumThreads">How many threads to use; −1 for one a core. It does not change the figures.</param>
    /// <param name="cancellationToken">Stops the measurement.</param>
    /// <returns>For each release, as soon as it is measured: the figures of each post-processing and modality.</returns>
    /// <exception cref="QosValuationException"><c>UtilityNotValid</c>, or what <see cref="PrototypeReleaser"/> throws.</exception>
    public IEnumerable<IReadOnlyList<PrototypeUtility>> Measure(
        PrototypeUtilityOptions options, IProgress<int>? progress = null, int maximumThreads = -1, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Trials < 1)
        {
            throw new QosValuationException(
                Faults.UtilityNotValid, $"{options.Trials} trials measure nothing; give at least 1, and 20 for useful standard errors.", options.Trials);
        }

        // What is wrong with a release shows before the first is measured.
        foreach (PrototypeReleaseOptions release in options.Releases)
        {
            _ = new PrototypeReleaser(release, RandomSource.Create(0));
            if (release.Modalities is { } modalities && !_clean.Values.Any(clean => modalities.Any(clean.ContainsKey)))
            {
                throw new QosValuationException(
                    Faults.UtilityNotValid,
                    $"No cluster has records of the modality {string.Join(" or ", modalities)}, so there is nothing to release; leave the modality out, or "
                    + $"group such embeddings too.",
                    modalities);
            }
        }

        return Iterate(options, progress, maximumThreads, cancellationToken);
    }

    /// <summary>Measures prototypes that were released already. O(prototypes·K·d).</summary>
    /// <param name="prototypes">The prototypes; several of one cluster and modality count as trials, in their order.</param>
    /// <param name="postProcessings">What to do to them first.</param>
    /// <returns>For each mechanism, relation, ε, δ and post-processing: the figures of each modality.</returns>
    /// <exception cref="QosValuationException"><c>PrototypeWithoutReference</c> for one whose cluster and modality was not added;
    /// <c>PrototypeDimensionMismatch</c>, or <c>PostProcessingNotApplicable</c>.</exception>
    public IEnumerable<PrototypeUtility> Measure(IReadOnlyList<DpPrototype> prototypes, IReadOnlyList<PrototypePostProcessing> postProcessings)
    {
        ArgumentNullException.ThrowIfNull(prototypes);
        ArgumentNullException.ThrowIfNull(postProcessings);
        foreach (DpPrototype prototype in prototypes)
        {
            Require(prototype);
            foreach (PrototypePostProcessing method in postProcessings)
            {
                PrototypePostProcessor.RequireApplicable(prototype, method);
            }
        }

        foreach (IGrouping<(PrivacyMechanism, Neighboring, double, double, PrototypePostProcessing), DpPrototype> group in prototypes
            .GroupBy(p => (p.Mechanism, p.Neighboring, p.Epsilon, p.Delta, p.PostProcessing)))
        {
            var trials = new List<List<DpPrototype>>();
            var seen = new Dictionary<(int, Modality), int>();
            foreach (DpPrototype prototype in group)
            {
                int trial = seen.GetValueOrDefault((prototype.ClusterId, prototype.Modality));
                seen[(prototype.ClusterId, prototype.Modality)] = trial + 1;
                if (trial == trials.Count)
                {
                    trials.Add([]);
                }

                trials[trial].Add(prototype);
            }

            foreach (PrototypePostProcessing method in postProcessings)
            {
                Dictionary<Variant, Outcome>[] outcomes = [.. trials.Select(trial => Evaluate(trial, method))];
                foreach (PrototypeUtility utility in Summarise(outcomes, group.First()))
                {
                    yield return utility with { PostProcess = method == PrototypePostProcessing.None ? group.Key.Item5 : method };
                }
            }
        }
    }

    /// <summary>Checks that a prototype stands for a cluster that was added. O(1).</summary>
    /// <param name="prototype">The prototype.</param>
    /// <exception cref="QosValuationException"><c>PrototypeWithoutReference</c> or <c>PrototypeDimensionMismatch</c>.</exception>
    public void Require(DpPrototype prototype)
    {
        ArgumentNullException.ThrowIfNull(prototype);
        if (!_clean.TryGetValue(prototype.ClusterId, out Dictionary<Modality, DpPrototype>? clean) || !clean.ContainsKey(prototype.Modality))
        {
            throw new QosValuationException(
                Faults.PrototypeWithoutReference,
                $"There is no cluster {prototype.ClusterId} with records of the modality {prototype.Modality} among the reference clusters; give the clusters "
                + $"that the prototypes were released from.",
                prototype);
        }

        if (prototype.Vector.Length != (prototype.PostProcessing == PrototypePostProcessing.Join ? 2 * _dimension : _dimension))
        {
            throw new QosValuationException(
                Faults.PrototypeDimensionMismatch,
                $"The prototype of cluster {prototype.ClusterId} has {prototype.Vector.Length} components, the records {_dimension}.",
                prototype);
        }
    }

    private IEnumerable<IReadOnlyList<PrototypeUtility>> Iterate(
        PrototypeUtilityOptions options, IProgress<int>? progress, int maximumThreads, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = maximumThreads, CancellationToken = cancellationToken };
        foreach (PrototypeReleaseOptions release in options.Releases)
        {
            ulong stream = RandomStreams.Mix((ulong)release.Mechanism, (ulong)release.Neighboring, RandomStreams.Bits(release.Epsilon));
            var outcomes = new Dictionary<Variant, Outcome>[options.PostProcessings.Count][];
            for (int p = 0; p < outcomes.Length; p++)
            {
                outcomes[p] = new Dictionary<Variant, Outcome>[options.Trials];
            }

            DpPrototype? sample = null;
            int done = 0;
            Parallel.For(0, options.Trials, parallel, trial =>
            {
                var releaser = new PrototypeReleaser(release, RandomSource.Create(options.Seed, RandomStreams.Mix(stream, (ulong)trial)));
                var released = new List<DpPrototype>(2 * _clusters.Count);
                foreach (SemanticCluster cluster in _clusters)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    released.AddRange(releaser.Release(cluster).Where(prototype => _clean[cluster.Id].ContainsKey(prototype.Modality)));
                }

                for (int p = 0; p < outcomes.Length; p++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    outcomes[p][trial] = Evaluate(released, options.PostProcessings[p]);
                }

                if (trial == 0)
                {
                    sample = released.FirstOrDefault();
                }

                progress?.Report(Interlocked.Increment(ref done));
            });
            var rows = new List<PrototypeUtility>();
            for (int p = 0; p < outcomes.Length && sample is not null; p++)
            {
                rows.AddRange(Summarise(outcomes[p], sample).Select(row => row with { PostProcess = options.PostProcessings[p] }));
            }

            yield return rows;
        }
    }

    // One trial: the figures of every modality, or of both where they are combined.
    private Dictionary<Variant, Outcome> Evaluate(List<DpPrototype> released, PrototypePostProcessing method)
    {
        var result = new Dictionary<Variant, Outcome>();
        IReadOnlyList<DpPrototype> processed = PrototypePostProcessor.Apply(released, method);
        PrototypePostProcessing last = method == PrototypePostProcessing.None && released.Count > 0 ? released[0].PostProcessing : method;
        List<DpPrototype> clean = [.. _clusters.SelectMany(cluster => _clean[cluster.Id].Values)];
        if (PrototypePostProcessor.CombinesModalities(last))
        {
            // A cluster's prototypes are all one vector now.
            Catalogue joint = new(PrototypePostProcessor.Apply(clean, last).DistinctBy(p => p.ClusterId));
            result.Add(new Variant(null), Outcome.Of([.. processed.DistinctBy(p => p.ClusterId)], joint, null, double.NaN));
            return result;
        }

        foreach (Modality modality in (ReadOnlySpan<Modality>)[Modality.Image, Modality.Text])
        {
            List<DpPrototype> own = [.. processed.Where(p => p.Modality == modality)];
            if (own.Count > 0)
            {
                List<DpPrototype> others = [.. processed.Where(p => p.Modality != modality)];
                List<DpPrototype> cleanOwn = [.. clean.Where(p => p.Modality == modality)];
                List<DpPrototype> cleanOthers = [.. clean.Where(p => p.Modality != modality)];
                double best = others.Count == 0 ? double.NaN : Outcome.CrossModal(cleanOwn, new Catalogue(cleanOthers));
                result.Add(new Variant(modality), Outcome.Of(own, new Catalogue(cleanOwn), others.Count == 0 ? null : new Catalogue(others), best));
            }
        }

        return result;
    }

    private static IEnumerable<PrototypeUtility> Summarise(Dictionary<Variant, Outcome>[] trials, DpPrototype sample)
    {
        foreach (Variant variant in trials[0].Keys)
        {
            Outcome[] outcomes = [.. trials.Where(trial => trial.ContainsKey(variant)).Select(trial => trial[variant])];
            (double accuracy, double accuracyError) = Mean(outcomes, outcome => outcome.First);
            (double top5, double top5Error) = Mean(outcomes, outcome => outcome.Top5);
            (double rank, double rankError) = Mean(outcomes, outcome => outcome.ReciprocalRank);
            (double cosine, double cosineError) = Mean(outcomes, outcome => outcome.Cosine);
            (double distance, double distanceError) = Mean(outcomes, outcome => outcome.Distance);
            (double cross, double crossError) = Mean(outcomes, outcome => outcome.Cross);
            yield return new PrototypeUtility
            {
                Modality = variant.Modality,
                Mechanism = sample.Mechanism,
                Neighboring = sample.Neighboring,
                Epsilon = sample.Epsilon,
                Delta = sample.Delta,
                PostProcess = PrototypePostProcessing.None,
                Clusters = outcomes[0].Candidates,
                Trials = outcomes.Length,
                RetrievalAccuracy = accuracy,
                RetrievalAccuracyStandardError = accuracyError,
                Top5Accuracy = top5,
                Top5AccuracyStandardError = top5Error,
                MeanReciprocalRank = rank,
                MeanReciprocalRankStandardError = rankError,
                Cosine = cosine,
                CosineStandardError = cosineError,
                Distance = distance,
                DistanceStandardError = distanceError,
                CrossModalAccuracy = cross,
                CrossModalAccuracyStandardError = crossError,
                CleanCrossModalAccuracy = outcomes[0].CleanCross,
            };
        }
    }

    // Over the trials' means; over the clusters of the only trial.
    private static (double Mean, double StandardError) Mean(Outcome[] outcomes, Func<Outcome, double[]> figure)
    {
        RunningMean mean = new();
        foreach (double value in outcomes.Length == 1 ? figure(outcomes[0])
            : outcomes.Select(outcome => figure(outcome) is { Length: > 0 } one ? one.Average() : double.NaN))
        {
            mean.Add(value);
        }

        return (mean.Mean, mean.StandardError);
    }

    /// <summary>What figures are told apart by: a modality, or none where both are combined.</summary>
    private readonly record struct Variant(Modality? Modality);

    /// <summary>Prototypes that are searched, as unit vectors.</summary>
    private sealed class Catalogue
    {
        private readonly Dictionary<int, int> _positions = [];
        private readonly List<float[]> _units = [];
        private readonly List<float[]> _vectors = [];

        public Catalogue(IEnumerable<DpPrototype> prototypes)
        {
            foreach (DpPrototype prototype in prototypes)
            {
                float[] unit = (float[])prototype.Vector.Clone();
                UnitVector.TryNormalize(unit);
                _positions.Add(prototype.ClusterId, _units.Count);
                _units.Add(unit);
                _vectors.Add(prototype.Vector);
            }
        }

        public int Count => _units.Count;

        public bool Holds(int clusterId) => _positions.ContainsKey(clusterId);

        public float[] Vector(int clusterId) => _vectors[_positions[clusterId]];

        // The cosine with the own entry, how many entries are nearer and how many as near.
        public (double Cosine, int Nearer, int Equal) Search(DpPrototype query)
        {
            float[] unit = (float[])query.Vector.Clone();
            UnitVector.TryNormalize(unit);
            int own = _positions[query.ClusterId];
            float best = UnitVector.Dot(unit, _units[own]);
            int nearer = 0;
            int equal = 0;
            for (int i = 0; i < _units.Count; i++)
            {
                if (i == own)
                {
                    continue;
                }

                float cosine = UnitVector.Dot(unit, _units[i]);
                nearer += cosine > best ? 1 : 0;
                equal += cosine == best ? 1 : 0;
            }

            return (best, nearer, equal);
        }
    }

    /// <summary>The figures of one trial, for each prototype.</summary>
    private sealed record Outcome(
        int Candidates, double[] First, double[] Top5, double[] ReciprocalRank, double[] Cosine, double[] Distance, double[] Cross, double CleanCross)
    {
        public static Outcome Of(List<DpPrototype> released, Catalogue clean, Catalogue? others, double cleanCross)
        {
            var outcome = new Outcome(
                clean.Count, new double[released.Count], new double[released.Count], new double[released.Count], new double[released.Count],
                    new double[released.Count],
                others is null ? [] : [.. released.Where(p => others.Holds(p.ClusterId)).Select(p => Within(others.Search(p), 1))],
                cleanCross);
            for (int k = 0; k < released.Count; k++)
            {
                (double Cosine, int Nearer, int Equal) found = clean.Search(released[k]);
                outcome.First[k] = Within(found, 1);
                outcome.Top5[k] = Within(found, 5);
                for (int place = 0; place <= found.Equal; place++)
                {
                    outcome.ReciprocalRank[k] += 1.0 / (found.Nearer + 1 + place) / (found.Equal + 1);
                }

                outcome.Cosine[k] = Math.Clamp(found.Cosine, -1, 1);
                float[] target = clean.Vector(released[k].ClusterId);
                double square = 0;
                for (int i = 0; i < target.Length; i++)
                {
                    double difference = (double)released[k].Vector[i] - target[i];
                    square += difference * difference;
                }

                outcome.Distance[k] = Math.Sqrt(square);
            }

            return outcome;
        }

        public static double CrossModal(List<DpPrototype> prototypes, Catalogue others)
        {
            double[] found = [.. prototypes.Where(p => others.Holds(p.ClusterId)).Select(p => Within(others.Search(p), 1))];
            return found.Length == 0 ? double.NaN : found.Average();
        }

        // The probability of being among the first places where ties are ordered at random.
        private static double Within((double Cosine, int Nearer, int Equal) found, int places) =>
            Math.Clamp((double)(places - found.Nearer) / (found.Equal + 1), 0, 1);
    }
}
