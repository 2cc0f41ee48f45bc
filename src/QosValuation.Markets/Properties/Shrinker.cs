using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Properties;

/// <summary>Makes a violation small: drops offers that do not matter, and puts plain numbers where they do as well.</summary>
internal static class Shrinker
{
    // A plainer case may gain this much less, but not vanish into rounding.
    private const double KeptPart = 0.25;

    // How often a smaller market is searched, and what a violation in it must come to, as a part of the budget.
    private const int Restarts = 200;
    private const double LeastScore = 1e-3;

    /// <summary>Shrinks a violation until nothing more can be made smaller. The property stays broken.</summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="search">The property.</param>
    /// <param name="deviation">The violation.</param>
    /// <param name="keepsNumbers">Whether the offers stay as they are, because they were given; then only reports change, and who takes part.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The smaller violation.</returns>
    public static Deviation Shrink(
        ITestedMechanism mechanism, PropertySearch search, Deviation deviation, bool keepsNumbers, CancellationToken cancellationToken)
    {
        Func<Deviation, IEnumerable<Deviation>>[] steps =
            keepsNumbers ? [FewerOffers, FewerMembers, PlainerReports] : [FewerOffers, FewerMembers, PlainerNumbers, PlainerReports];
        while (!keepsNumbers && Restart(mechanism, search, deviation) is { } fewer)
        {
            cancellationToken.ThrowIfCancellationRequested();
            deviation = fewer;
        }

        double least = Math.Max(KeptPart * search.Judge(mechanism, deviation).Score, PropertySearch.Tolerance * Math.Max(1, mechanism.Limit));
        bool IsKept(Deviation candidate) => search.Judge(mechanism, candidate).Score >= least;
        bool hasChanged = true;
        for (int round = 0; hasChanged && round < 6; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hasChanged = false;
            foreach (Func<Deviation, IEnumerable<Deviation>> smaller in steps)
            {
                bool again = true;
                while (again)
                {
                    again = false;
                    foreach (Deviation candidate in smaller(deviation))
                    {
                        if (IsKept(candidate))
                        {
                            deviation = candidate;
                            hasChanged = again = true;
                            break;
                        }
                    }
                }
            }
        }

        return deviation;
    }

    // Fewer offers may need other reports: what a search among them finds, of the same size of coalition.
    private static Deviation? Restart(ITestedMechanism mechanism, PropertySearch search, Deviation deviation)
    {
        for (int offer = deviation.Truth.Count - 1; offer >= 0 && deviation.Truth.Count > 1; offer--)
        {
            var random = RandomSource.Create(offer);
            TestMarket market = deviation.Truth.Without(offer);
            for (int k = 0; k < Restarts; k++)
            {
                int size = Math.Max(2, deviation.Names?.Length ?? deviation.Agents.Length);
                if (search.Find(mechanism, market, isFixed: false, size, random) is { } found
                    && search.Judge(mechanism, found).Score > LeastScore * mechanism.Limit)
                {
                    return found;
                }
            }
        }

        return null;
    }

    private static IEnumerable<Deviation> FewerOffers(Deviation deviation)
    {
        if (deviation.Truth.Vectors is not null)
        {
            TestMarket market = deviation.Truth;
            yield return deviation with
            {
                Truth = new TestMarket { Names = market.Names, Costs = market.Costs, Qualities = market.Qualities, Utilities = market.Utilities },
            };
        }

        for (int offer = deviation.Truth.Count - 1; offer >= 0 && deviation.Truth.Count > 1; offer--)
        {
            int dropped = offer;
            if (!deviation.Agents.Contains(offer))
            {
                yield return deviation with
                {
                    Truth = deviation.Truth.Without(offer),
                    Agents = Array.ConvertAll(deviation.Agents, agent => agent > dropped ? agent - 1 : agent),
                };
            }
        }
    }

    private static IEnumerable<Deviation> FewerMembers(Deviation deviation)
    {
        for (int k = 0; deviation.Names is null && deviation.Agents.Length > 2 && k < deviation.Agents.Length; k++)
        {
            int left = k;
            yield return deviation with
            {
                Agents = [.. deviation.Agents.Where((_, index) => index != left)],
                Reports = [.. deviation.Reports.Where((_, index) => index != left)],
            };
        }
    }

    private static IEnumerable<Deviation> PlainerNumbers(Deviation deviation)
    {
        double[][] columns = [deviation.Truth.Costs, deviation.Truth.Qualities, deviation.Truth.Utilities];
        for (int column = 0; column < columns.Length; column++)
        {
            for (int offer = 0; offer < deviation.Truth.Count; offer++)
            {
                foreach (double value in Plainer(columns[column][offer], column == 0 ? 0 : 1))
                {
                    Deviation candidate = deviation with { Truth = deviation.Truth.With(column, offer, value) };
                    int agent = Array.IndexOf(deviation.Agents, offer);
                    if (column == deviation.Column && agent >= 0 && deviation.Reports[agent] == columns[column][offer])
                    {
                        double[] reports = [.. deviation.Reports];
                        reports[agent] = value;
                        candidate = candidate with { Reports = reports };
                    }
                    else if (column == 2 && agent >= 0 && deviation.Names is { } names && columns[2][offer] > 0)
                    {
                        candidate = candidate with { Names = Array.ConvertAll(names, name => name > 0 ? name * value / columns[2][offer] : name) };
                    }

                    yield return candidate;
                }
            }
        }
    }

    private static IEnumerable<Deviation> PlainerReports(Deviation deviation)
    {
        for (int k = 0; deviation.Names is null && k < deviation.Reports.Length; k++)
        {
            foreach (double value in Plainer(deviation.Reports[k], deviation.Column == 0 ? 0 : 1))
            {
                double[] reports = [.. deviation.Reports];
                reports[k] = value;
                yield return deviation with { Reports = reports };
            }
        }
    }

    // Plainer numbers than this, the plainest first; a number never becomes less plain, so that shrinking ends.
    private static IEnumerable<double> Plainer(double value, double plainest)
    {
        if (value == plainest)
        {
            yield break;
        }

        yield return plainest;
        for (int digits = 0; digits <= 4; digits++)
        {
            double rounded = Math.Round(value, digits);
            if (rounded == value)
            {
                yield break;
            }

            yield return rounded;
        }
    }
}
