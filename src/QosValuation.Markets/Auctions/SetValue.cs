namespace QosValuation.Markets.Auctions;

/// <summary>A monotone submodular value of sets of offers: what an offer adds never grows with the set.</summary>
public abstract class SetValue
{
    /// <summary>Starts with the empty set. O(number of reference points).</summary>
    /// <returns>A set that grows; not thread-safe.</returns>
    public abstract GrowingSet Start();
}

/// <summary>A set of offers that grows, and its value.</summary>
public abstract class GrowingSet
{
    /// <summary>V(S): the value so far.</summary>
    public double Value { get; private set; }

    /// <summary>V(i | S): what an offer would add, at least 0.</summary>
    /// <param name="offer">The offer's index.</param>
    public abstract double Gain(int offer);

    /// <summary>Adds an offer.</summary>
    /// <param name="offer">The offer's index.</param>
    public void Add(int offer)
    {
        Value += Gain(offer);
        Take(offer);
    }

    /// <summary>Remembers an offer.</summary>
    /// <param name="offer">The offer's index.</param>
    protected abstract void Take(int offer);
}

/// <summary>Values that add up.</summary>
/// <param name="values">v of each offer, at least 0.</param>
public sealed class AdditiveValue(double[] values) : SetValue
{
    /// <inheritdoc/>
    public override GrowingSet Start() => new Sum(values);

    private sealed class Sum(double[] values) : GrowingSet
    {
        public override double Gain(int offer) => values[offer];

        protected override void Take(int offer)
        {
        }
    }
}

/// <summary>
/// Facility location: V(S) = Σ over reference points r of max over i in S of v_i·sim(r, i). Each point counts the most similar of the bought
/// data, so data that say what other data say already add little. O(points) a question.
/// </summary>
public sealed class FacilityLocation : SetValue
{
    private readonly double[][] _worth;
    private readonly int _points;

    private FacilityLocation(double[][] worth, int points)
    {
        _worth = worth;
        _points = points;
    }

    /// <summary>Makes the value of a similarity matrix. O(points × n).</summary>
    /// <param name="similarity">A row for each reference point, in it a number of at least 0 for each offer.</param>
    /// <param name="values">v of each offer.</param>
    /// <exception cref="QosValuationException"><c>SimilarityNotValid</c>.</exception>
    public static FacilityLocation OfSimilarity(double[][] similarity, double[] values)
    {
        ArgumentNullException.ThrowIfNull(similarity);
        ArgumentNullException.ThrowIfNull(values);
        double[][] worth = [.. values.Select(_ => new double[similarity.Length])];
        for (int r = 0; r < similarity.Length; r++)
        {
            if (similarity[r].Length != values.Length)
            {
                throw new QosValuationException(
                    Faults.SimilarityNotValid,
                    $"Row {r + 1} of the similarity holds {similarity[r].Length} numbers for {values.Length} offers; give one for each offer.",
                    similarity);
            }

            for (int i = 0; i < values.Length; i++)
            {
                double similar = similarity[r][i];
                if (!(similar >= 0) || !double.IsFinite(similar))
                {
                    throw new QosValuationException(
                        Faults.SimilarityNotValid,
                        $"The similarity in row {r + 1} and column {i + 1} is {similar}; give finite numbers of at least 0.",
                        similarity);
                }

                worth[i][r] = values[i] * similar;
            }
        }

        return new FacilityLocation(worth, similarity.Length);
    }

    /// <summary>Makes the value of embeddings: the similarity is the cosine, 0 where it is negative. O(points × n × dimension).</summary>
    /// <param name="vectors">An embedding for each offer.</param>
    /// <param name="reference">The embeddings of the reference points.</param>
    /// <param name="values">v of each offer.</param>
    /// <exception cref="QosValuationException"><c>SimilarityNotValid</c>: embeddings of several lengths, or none for an offer.</exception>
    public static FacilityLocation OfVectors(IReadOnlyList<float[]?> vectors, IReadOnlyList<float[]> reference, double[] values)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(values);
        int dimension = reference.Count == 0 ? 0 : reference[0].Length;
        double[] norms = new double[vectors.Count];
        for (int i = 0; i < vectors.Count; i++)
        {
            norms[i] = Norm(vectors[i], dimension, $"Offer {i + 1}");
        }

        double[][] worth = [.. values.Select(_ => new double[reference.Count])];
        for (int r = 0; r < reference.Count; r++)
        {
            double norm = Norm(reference[r], dimension, $"Reference point {r + 1}");
            for (int i = 0; i < values.Length; i++)
            {
                double cosine = 0;
                for (int d = 0; d < dimension; d++)
                {
                    cosine += (double)vectors[i]![d] * reference[r][d];
                }

                worth[i][r] = norm > 0 && norms[i] > 0 ? values[i] * Math.Max(0, cosine / (norm * norms[i])) : 0;
            }
        }

        return new FacilityLocation(worth, reference.Count);
    }

    /// <inheritdoc/>
    public override GrowingSet Start() => new Coverage(_worth, _points);

    private static double Norm(float[]? vector, int dimension, string name)
    {
        if (vector is null || vector.Length != dimension)
        {
            throw new QosValuationException(
                Faults.SimilarityNotValid,
                $"{name} has {(vector is null ? "no embedding" : $"an embedding of {vector.Length} numbers")}, and the first reference point has {dimension}; "
                    + "give all of them embeddings of one model.",
                vector);
        }

        double sum = 0;
        foreach (float number in vector)
        {
            sum += (double)number * number;
        }

        return double.IsFinite(sum)
            ? Math.Sqrt(sum)
            : throw new QosValuationException(Faults.SimilarityNotValid, $"{name} has an embedding with numbers that are not finite.", vector);
    }

    private sealed class Coverage(double[][] worth, int points) : GrowingSet
    {
        private readonly double[] _best = new double[points];

        public override double Gain(int offer)
        {
            double gain = 0;
            double[] own = worth[offer];
            for (int r = 0; r < own.Length; r++)
            {
                gain += Math.Max(0, own[r] - _best[r]);
            }

            return gain;
        }

        protected override void Take(int offer)
        {
            double[] own = worth[offer];
            for (int r = 0; r < own.Length; r++)
            {
                _best[r] = Math.Max(_best[r], own[r]);
            }
        }
    }
}
