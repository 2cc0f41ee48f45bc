using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>
/// Looks for a provider that gains by splitting its data among several names, each honest about its part: more than under one name with all its
/// data, and more than under one name with those that are bought. Where costs play no part, as in a contract of shares, a name may also hold worthless data.
/// </summary>
internal sealed class SybilSearch : PropertySearch
{
    /// <inheritdoc/>
    public override MechanismProperty Name => MechanismProperty.Sybil;

    /// <inheritdoc/>
    public override Deviation? Find(ITestedMechanism mechanism, TestMarket market, bool isFixed, int size, RandomSource random)
    {
        int agent = random.NextInt32(market.Count);
        int count = Math.Max(2, size == 2 ? 2 : 2 + random.NextInt32(size - 1));
        double utility = market.Utilities[agent];
        double[] equal = [.. Enumerable.Repeat(utility / count, count)];
        double[] cut = [.. Enumerable.Range(0, count).Select(_ => random.NextPositiveDouble())];
        double sum = cut.Sum();
        double[][] splits = [equal, Array.ConvertAll(cut, part => utility * part / sum)];
        if (!mechanism.UsesCosts)
        {
            double harm = (1 + (9 * random.NextDouble())) * Math.Max(1, market.Utilities.Max());
            splits = [[utility, -harm], .. splits];
        }

        foreach (double[] names in splits)
        {
            if (Keep(mechanism, new() { Truth = market, Agents = [agent], Reports = [market.Costs[agent]], Names = names }) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override DeviationResult Judge(ITestedMechanism mechanism, Deviation deviation)
    {
        int agent = deviation.Agents[0];
        TestMarket reported = deviation.Reported();
        double honest = Earnings(mechanism, deviation.Truth, deviation.Truth, out _)[agent];
        double[] split = Earnings(mechanism, reported, reported, out bool[] wins);
        double total = split[agent];
        double bought = wins[agent] ? reported.Utilities[agent] : 0;
        for (int i = deviation.Truth.Count; i < split.Length; i++)
        {
            total += split[i];
            bought += wins[i] ? reported.Utilities[i] : 0;
        }

        TestMarket joined = (deviation with { Names = [bought] }).Reported();
        honest = bought > 0 ? Math.Max(honest, Earnings(mechanism, joined, joined, out _)[agent]) : honest;
        return new(honest, total, [total - honest], total - honest);
    }
}
