using QosValuation.Allocation.Optimal;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class OptimalMachineryTests
{
    [Theory]
    [InlineData(0.0)]
    [InlineData(0.02)]
    [InlineData(0.5)]
    [InlineData(5.0)]
    public void TheInnerSolutionIsTheMaximumOfItsConcaveObjective(double giniPrice)
    {
        RandomSource random = RandomSource.Create(4);
        for (int trial = 0; trial < 150; trial++)
        {
            int n = 1 + random.NextInt32(25);
            (double[] values, double[] caps) = Draw(random, n);
            int absentees = random.NextInt32(4);
            double lambda = 3 * random.NextDouble();
            double offset = random.NextNormal();
            double kappa = Math.Pow(10, 2 * random.NextDouble() - 1);
            double pole = random.NextDouble();
            var lagrangian = new RateLagrangian(values, caps, absentees);
            lagrangian.Solve(lambda, offset, kappa, pole, giniPrice);
            double[] rates = [.. lagrangian.Rates];
            Assert.All(Enumerable.Range(0, n), i => Assert.InRange(rates[i], 0, caps[i]));
            double peak = Objective(rates);
            for (int move = 0; move < 200; move++)
            {
                double size = Math.Pow(10, -4 * random.NextDouble());
                int first = random.NextInt32(n);
                double[] moved = (move % 3) switch
                {
                    0 => [.. rates.Select((r, i) => i == first ? Math.Clamp(r + size * random.NextNormal(), 0, caps[i]) : r)],
                    1 => [.. rates.Select((r, i) => Math.Clamp(r + size * random.NextNormal(), 0, caps[i]))],
                    _ => Together(),
                };
                Assert.True(Objective(moved) <= peak + 1e-11 * (1 + Math.Abs(peak)), $"trial {trial}, move {move}");

                double[] Together()
                {
                    double step = size * random.NextNormal();
                    return [.. rates.Select((r, i) => Math.Abs(r - rates[first]) < 1e-12 ? Math.Clamp(r + step, 0, caps[i]) : r)];
                }
            }

            double Objective(double[] r)
            {
                double value = 0;
                for (int i = 0; i < n; i++)
                {
                    value += (values[i] * values[i] - lambda * values[i] + offset) * r[i] - kappa / 2 * (r[i] - pole) * (r[i] - pole);
                }

                double[] all = [.. r, .. new double[absentees]];
                for (int i = 0; i < all.Length; i++)
                {
                    for (int j = 0; j < i; j++)
                    {
                        value -= giniPrice / all.Length * Math.Abs(all[i] - all[j]);
                    }
                }

                return value;
            }
        }
    }

    [Fact]
    public void WithoutAGiniTermTheTwoSolversAgree()
    {
        RandomSource random = RandomSource.Create(14);
        for (int trial = 0; trial < 100; trial++)
        {
            (double[] values, double[] caps) = Draw(random, 1 + random.NextInt32(60));
            var one = new RateLagrangian(values, caps, 2);
            var other = new RateLagrangian(values, caps, 2);
            double lambda = 2 * random.NextDouble();
            double kappa = 0.1 + random.NextDouble();
            double pole = random.NextDouble();
            one.SolveSeparable(lambda, kappa, pole);
            other.Solve(lambda, 0, kappa, pole, 0);
            for (int i = 0; i < values.Length; i++)
            {
                Assert.Equal(one.Rates[i], other.Rates[i], 1e-12 * (1 + one.Rates[i]));
            }

            Assert.Equal(one.Moments.Tokens, other.Moments.Tokens, 1e-10 * (1 + one.Moments.Tokens));
            Assert.Equal(one.Moments.Free, other.Moments.Free);
            Assert.Equal(one.Moments.FreeVX, other.Moments.FreeVX, 1e-9 * (1 + Math.Abs(one.Moments.FreeVX)));
            Assert.Equal(one.Moments.FreeXX, other.Moments.FreeXX, 1e-9 * (1 + one.Moments.FreeXX));
        }
    }

    [Fact]
    public void AtNoCurvatureTheInnerSolutionBeatsEveryExtremePoint()
    {
        // κ = 0: the maximum over the box is at rates that are 0 or caps; all of them are tried.
        RandomSource random = RandomSource.Create(24);
        for (int trial = 0; trial < 300; trial++)
        {
            int n = 1 + random.NextInt32(5);
            (double[] values, double[] caps) = Draw(random, n);
            double lambda = 2 * random.NextDouble();
            double beta = 2 * random.NextDouble();
            var lagrangian = new RateLagrangian(values, caps, 1);
            lagrangian.Solve(lambda, 0.1, 0, 0, beta);
            double found = Objective(lagrangian.Rates);
            double[] levels = [0, .. caps];
            double best = 0;
            int combinations = (int)Math.Pow(levels.Length, n);
            for (int code = 0; code < combinations; code++)
            {
                double[] r = new double[n];
                for ((int i, int rest) = (0, code); i < n; i++, rest /= levels.Length)
                {
                    r[i] = Math.Min(levels[rest % levels.Length], caps[i]);
                }

                best = Math.Max(best, Objective(r));
            }

            Assert.Equal(best, found, 1e-12 * (1 + best));

            double Objective(double[] r)
            {
                double[] all = [.. r, 0];
                double spread = all.Sum(x => all.Sum(y => Math.Abs(x - y))) / 2 / all.Length;
                return r.Select((x, i) => (values[i] * values[i] - lambda * values[i] + 0.1) * x).Sum() - beta * spread;
            }
        }
    }

    [Fact]
    public void NoPricesProveLessThanAFeasibleAllocationReaches()
    {
        RandomSource random = RandomSource.Create(34);
        for (int trial = 0; trial < 1_500; trial++)
        {
            int n = 1 + random.NextInt32(12);
            (double[] values, double[] caps) = Draw(random, n);
            int absentees = random.NextInt32(3);
            RateProblem problem = Problem(values, caps, absentees, random.NextPositiveDouble() * n);

            // A feasible allocation, and the strictest bounds that it meets.
            double[] feasible = [.. caps.Select(c => Math.Min(c, 1) * random.NextDouble())];
            double spent = problem.Tokens(feasible);
            if (spent > problem.Supply)
            {
                feasible = [.. feasible.Select(r => r * problem.Supply / spent)];
            }

            var bounds = new FairnessBounds(problem.Jain(feasible) * (1 - 1e-15), Math.Min(problem.Gini(feasible) * (1 + 1e-15), 1));
            Assert.InRange(feasible.Max(), 0, problem.Ladder.HighestRate(bounds) * (1 + 1e-6));

            // Any prices and any rates, far from optimal.
            var prices = new RatePrices(2 * random.NextDouble(), random.NextInt32(3) == 0 ? 0 : random.NextDouble(), random.NextInt32(3) == 0 ? 0 : 2 * random.NextDouble());
            var lagrangian = new RateLagrangian(values, caps, absentees);
            double[] scores = new double[n];
            lagrangian.Solve(prices.Supply, prices.Gini * bounds.Gini, prices.Curvature, prices.Curvature > 0 ? random.NextDouble() : 0, prices.Gini, scores);
            if (trial % 2 == 0)
            {
                for (int i = 0; i < n; i++)
                {
                    scores[i] += random.NextNormal();
                }
            }

            double bound = DualCertificate.Evaluate(problem, problem, bounds, prices, lagrangian, scores).Bound;
            Assert.True(bound >= problem.Welfare(feasible), $"trial {trial}: {bound} < {problem.Welfare(feasible)}");
        }
    }

    [Fact]
    public void TheLadderMeasuresItsAllocations()
    {
        RandomSource random = RandomSource.Create(44);
        for (int trial = 0; trial < 300; trial++)
        {
            (double[] values, double[] caps) = Draw(random, 1 + random.NextInt32(20));
            RateProblem problem = Problem(values, caps, random.NextInt32(4), 5);
            double level = caps.Max() * 1.1 * random.NextPositiveDouble();
            double[] rates = problem.Ladder.Rates(level);
            (double tokens, double jain, double gini) = problem.Ladder.At(level);
            Assert.Equal(problem.Tokens(rates), tokens, 1e-11 * tokens);
            Assert.Equal(problem.Jain(rates), jain, 1e-11);
            Assert.Equal(problem.Gini(rates), gini, 1e-11);

            double highest = problem.Ladder.HighestWithin(5, jain, gini);
            (tokens, jain, gini) = problem.Ladder.At(highest);
            Assert.True(tokens <= 5);
            (double next, _, _) = problem.Ladder.At(highest * 1.001);
            Assert.True(highest >= Math.Min(level, 0.999 * highest) || next > 5);
        }
    }

    private static (double[] Values, double[] Caps) Draw(RandomSource random, int n)
    {
        double[] values = [.. Enumerable.Range(0, n).Select(_ => random.NextInt32(4) == 0 ? 1 : Math.Exp(random.NextNormal()))];
        Array.Sort(values);
        double[] caps = [.. values.Select(_ => random.NextInt32(3) == 0 ? 0.5 : 0.05 + 2 * random.NextDouble())];
        return (values, caps);
    }

    private static RateProblem Problem(double[] values, double[] caps, int absentees, double supply)
    {
        var problem = new RateProblem(values, [.. values.Zip(caps, (v, c) => v * c)], absentees, supply);
        problem.Caps.CopyTo(caps, 0);
        return problem;
    }
}
