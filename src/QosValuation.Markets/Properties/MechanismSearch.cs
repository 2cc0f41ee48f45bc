using System.Globalization;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>How a mechanism is searched for violations.</summary>
public sealed record MechanismSearchOptions
{
    /// <summary>The properties to refute.</summary>
    public IReadOnlyList<MechanismProperty> Properties { get; init; } = Enum.GetValues<MechanismProperty>();

    /// <summary>How many markets are looked at for each property.</summary>
    public long Trials { get; init; } = 1000;

    /// <summary>The most members of a coalition, and the most names of a Sybil; at least 2.</summary>
    public int CoalitionSize { get; init; } = 2;

    /// <summary>The offers to search among; null draws markets.</summary>
    public IReadOnlyList<DataOffer>? Offers { get; init; }

    /// <summary>The seed: the same seed finds the same violations on any number of threads.</summary>
    public required int Seed { get; init; }

    /// <summary>Checks the settings. O(1).</summary>
    /// <exception cref="QosValuationException"><c>MechanismSearchNotValid</c>.</exception>
    public void Validate()
    {
        if (Trials < 1 || CoalitionSize < 2)
        {
            throw new QosValuationException(
                Faults.MechanismSearchNotValid,
                string.Create(
                    CultureInfo.InvariantCulture, $"{Trials} trials with coalitions of {CoalitionSize} are no search; give at least 1, and at least 2."),
                this);
        }
    }
}

/// <summary>
/// Searches for markets in which a mechanism breaks what it promises. Each trial draws a market (or takes the given one), looks at how the
/// outcome changes with the reports, and tries deviations; the first violation of a property is made as small and plain as it can be.
/// </summary>
public static class MechanismSearch
{
    private const int BlockLength = 512;

    /// <summary>Searches.</summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="options">How to search.</param>
    /// <param name="progress">Told how many trials are done, over all properties.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>At most one violation for each property, as they are found.</returns>
    /// <exception cref="QosValuationException"><c>MechanismSearchNotValid</c>, and what the mechanism throws.</exception>
    public static IEnumerable<MechanismViolation> Run(
        ITestedMechanism mechanism, MechanismSearchOptions options, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mechanism);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (!mechanism.SellsOnce && options.Properties.Contains(MechanismProperty.Sybil))
        {
            throw new QosValuationException(
                Faults.MechanismSearchNotValid,
                $"Sybil is not searched in {mechanism.Name}: the models of its names would be others.", MechanismProperty.Sybil);
        }

        return Search(mechanism, options, progress, cancellationToken);
    }

    private static IEnumerable<MechanismViolation> Search(
        ITestedMechanism mechanism, MechanismSearchOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        TestMarket? given = options.Offers is { Count: > 0 } offers ? TestMarket.Of(offers, mechanism.UsesCosts, mechanism.UsesVectors) : null;
        long done = 0;
        foreach (MechanismProperty name in options.Properties.Distinct())
        {
            PropertySearch search = MechanismProperties.All[(int)name];
            for (long start = 0; start < options.Trials; start += BlockLength)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int length = (int)Math.Min(BlockLength, options.Trials - start);
                var found = new Deviation?[length];
                int first = length;
                void Try(int k)
                {
                    if (k > Volatile.Read(ref first))
                    {
                        return;
                    }

                    var random = RandomSource.Create(options.Seed, ((ulong)name << 48) + (ulong)(start + k));
                    TestMarket market = given ?? mechanism.Draw(random);
                    found[k] = search.Find(mechanism, market, given is not null, options.CoalitionSize, random);
                    if (found[k] is not null)
                    {
                        LowerTo(ref first, k);
                    }
                }

                if (mechanism.IsThreadSafe)
                {
                    Parallel.For(0, length, new ParallelOptions { CancellationToken = cancellationToken }, Try);
                }
                else
                {
                    for (int k = 0; k < length && found[Math.Max(0, k - 1)] is null; k++)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        Try(k);
                    }
                }

                int hit = Array.FindIndex(found, deviation => deviation is not null);
                progress?.Report(done + start + length);
                if (hit >= 0)
                {
                    Deviation small = Shrinker.Shrink(mechanism, search, found[hit]!, given is not null, cancellationToken);
                    yield return Describe(mechanism, search, small, start + hit + 1, options.Seed);
                    break;
                }
            }

            done += options.Trials;
            progress?.Report(done);
        }
    }

    private static void LowerTo(ref int first, int value)
    {
        int seen = Volatile.Read(ref first);
        while (value < seen)
        {
            int before = Interlocked.CompareExchange(ref first, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private static MechanismViolation Describe(ITestedMechanism mechanism, PropertySearch search, Deviation deviation, long trial, int seed)
    {
        DeviationResult result = search.Judge(mechanism, deviation);
        TestMarket reported = deviation.Reported();
        int[] agents = search.Name == MechanismProperty.Budget ? [.. Enumerable.Range(0, deviation.Truth.Count)] : deviation.Agents;
        return new MechanismViolation
        {
            Property = search.Name,
            Mechanism = mechanism.Name,
            Agents = Array.ConvertAll(agents, agent => deviation.Truth.Names[agent]),
            Truth = Array.ConvertAll(agents, agent => deviation.Truth.Column(deviation.Column)[agent]),
            Report = deviation.Names is null
                ? Array.ConvertAll(agents, agent => reported.Column(deviation.Column)[agent])
                : [reported.Costs[agents[0]], .. reported.Costs.Skip(deviation.Truth.Count)],
            UtilityBefore = result.Before,
            UtilityAfter = result.After,
            Gain = search.Name == MechanismProperty.Monotonicity ? result.Score : result.After - result.Before,
            MemberGains = result.Members,
            Offers = mechanism is ModelMarketUnderTest ? [] : reported.ToOffers(),
            HonestOffers = mechanism is ModelMarketUnderTest ? [] : deviation.Truth.ToOffers(),
            Traders = mechanism is ModelMarketUnderTest ? ModelMarketUnderTest.Traders(deviation.Truth, reported) : [],
            Distance = deviation.Truth.Distances,
            Budget = mechanism.Budget,
            Command = mechanism.Command,
            Trial = trial,
            Seed = seed,
        };
    }
}
