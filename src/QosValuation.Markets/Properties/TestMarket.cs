using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>The offers of one market that a search looks at, as columns.</summary>
public sealed class TestMarket
{
    private const int MostOffers = 6;
    private const int Dimension = 3;

    /// <summary>The providers' names.</summary>
    public required string[] Names { get; init; }

    /// <summary>c.</summary>
    public required double[] Costs { get; init; }

    /// <summary>q.</summary>
    public required double[] Qualities { get; init; }

    /// <summary>φ.</summary>
    public required double[] Utilities { get; init; }

    /// <summary>Embeddings; null where values add up.</summary>
    public float[][]? Vectors { get; init; }

    /// <summary>The distances of models, a row for each client; null where none are traded.</summary>
    public double[][]? Distances { get; init; }

    /// <summary>The number of offers.</summary>
    public int Count => Costs.Length;

    /// <summary>Makes a market of offers.</summary>
    /// <param name="offers">The offers.</param>
    /// <param name="usesCosts">Whether costs count; else they are 0.</param>
    /// <param name="usesVectors">Whether embeddings count, where all offers have one.</param>
    /// <returns>The market.</returns>
    public static TestMarket Of(IReadOnlyList<DataOffer> offers, bool usesCosts, bool usesVectors)
    {
        ArgumentNullException.ThrowIfNull(offers);
        return new TestMarket
        {
            Names = [.. offers.Select(offer => offer.Contributor)],
            Costs = [.. offers.Select(offer => usesCosts ? offer.Cost : 0)],
            Qualities = [.. offers.Select(offer => offer.Quality)],
            Utilities = [.. offers.Select(offer => offer.MarginalUtility)],
            Vectors = usesVectors && offers.All(offer => offer.Vector is not null) ? [.. offers.Select(offer => offer.Vector!)] : null,
        };
    }

    /// <summary>Draws a market in one of several styles: smooth numbers, small whole ones with many ties, free data, offers above the budget.</summary>
    /// <param name="random">The source.</param>
    /// <param name="mechanism">The mechanism it is for.</param>
    /// <returns>The market.</returns>
    internal static TestMarket Draw(RandomSource random, ITestedMechanism mechanism)
    {
        int count = 1 + random.NextInt32(MostOffers);
        int style = random.NextInt32(4);
        double scale = mechanism.Budget * (random.NextInt32(2) == 0 ? 1.1 : 2.5 / count);
        double[] costs = new double[count];
        double[] utilities = new double[count];
        for (int i = 0; i < count; i++)
        {
            utilities[i] = style is 1 or 2 ? 1 + random.NextInt32(4) : 0.05 + random.NextDouble();
            costs[i] = !mechanism.UsesCosts || random.NextInt32(12) == 0 ? 0
                : style == 1 ? scale * random.NextInt32(11) / 10
                : scale * random.NextDouble();
        }

        bool hasVectors = mechanism.UsesVectors && random.NextInt32(2) == 0;
        return new TestMarket
        {
            Names = [.. Enumerable.Range(1, count).Select(i => "p" + i)],
            Costs = costs,
            Qualities = [.. Enumerable.Range(0, count).Select(_ => style == 3 ? 0.1 + (0.9 * random.NextDouble()) : 1)],
            Utilities = utilities,
            Vectors = hasVectors ? [.. Enumerable.Range(0, count).Select(_ => Vector(random))] : null,
        };
    }

    /// <summary>A column of numbers: 0 for costs, 1 for qualities, 2 for marginal utilities. In a market of models: costs, gain scales, sizes.</summary>
    /// <param name="number">Which.</param>
    /// <returns>The numbers.</returns>
    public double[] Column(int number) => number switch { 0 => Costs, 1 => Qualities, _ => Utilities };

    /// <summary>The offers as objects.</summary>
    public DataOffer[] ToOffers() =>
    [
        .. Enumerable.Range(0, Count).Select(i => new DataOffer
        {
            Contributor = Names[i],
            Cost = Costs[i],
            Quality = Qualities[i],
            MarginalUtility = Utilities[i],
            Vector = Vectors?[i],
        }),
    ];

    /// <summary>A copy with another cost for one offer.</summary>
    internal TestMarket WithCost(int offer, double cost) => With(0, offer, cost);

    /// <summary>A copy with another number in one of the columns.</summary>
    internal TestMarket With(int column, int offer, double value)
    {
        double[] Changed(int number, double[] old)
        {
            double[] copy = [.. old];
            if (number == column)
            {
                copy[offer] = value;
            }

            return copy;
        }

        return new TestMarket
        {
            Names = Names, Costs = Changed(0, Costs), Qualities = Changed(1, Qualities), Utilities = Changed(2, Utilities), Vectors = Vectors,
            Distances = Distances,
        };
    }

    /// <summary>A copy without embeddings, or without one offer.</summary>
    internal TestMarket Without(int offer) => new()
    {
        Names = Drop(Names, offer),
        Costs = Drop(Costs, offer),
        Qualities = Drop(Qualities, offer),
        Utilities = Drop(Utilities, offer),
        Vectors = Vectors is null ? null : Drop(Vectors, offer),
        Distances = Distances is null ? null : Array.ConvertAll(Drop(Distances, offer), row => Drop(row, offer)),
    };

    private static T[] Drop<T>(T[] items, int index) => [.. items.AsSpan(0, index), .. items.AsSpan(index + 1)];

    private static float[] Vector(RandomSource random) => [.. Enumerable.Range(0, Dimension).Select(_ => random.NextInt32(5) / 4f + 0.01f)];
}
