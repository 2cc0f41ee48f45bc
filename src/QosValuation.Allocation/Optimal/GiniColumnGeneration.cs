using System.Runtime.InteropServices;

namespace QosValuation.Allocation.Optimal;

/// <summary>
/// Problem (12) without a Jain bound: a linear programme whose Gini constraint stands for one row per ordering of the
/// agents. Its Lagrangian has two prices (λ of the supply, β of the Gini bound) and is solved exactly by
/// <see cref="RateLagrangian"/>; every solution is a column (welfare, tokens, Σr, spread) of a master programme with three
/// rows that mixes them (Dantzig &amp; Wolfe 1960).
/// </summary>
/// <remarks>
/// A mixture is feasible because the spread is convex. There are finitely many columns, so the method ends with the optimum;
/// it stops as soon as the Lagrangian's value, which bounds the optimum from above, meets the mixture's welfare.
/// </remarks>
internal sealed class GiniColumnGeneration
{
    private readonly RateProblem _problem;
    private readonly RateLagrangian _lagrangian;
    private readonly List<Column> _columns = [];
    private readonly double[] _duals = new double[3];

    /// <summary>Prepares the method.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="lagrangian">The workspace.</param>
    public GiniColumnGeneration(RateProblem problem, RateLagrangian lagrangian)
    {
        _problem = problem;
        _lagrangian = lagrangian;
    }

    /// <summary>How often the Lagrangian was solved.</summary>
    public int Iterations { get; private set; }

    /// <summary>The prices with the least bound.</summary>
    public RatePrices Prices { get; private set; }

    /// <summary>Finds the best mixture of solutions.</summary>
    /// <param name="gini">G.</param>
    /// <param name="guess">Prices to try first.</param>
    /// <param name="start">The level of a strictly feasible allocation min(c, m).</param>
    /// <param name="tolerance">The relative gap at which to stop.</param>
    /// <param name="maxIterations">How often the Lagrangian may be solved.</param>
    /// <param name="cancellationToken">Stops the method.</param>
    /// <returns>The rates.</returns>
    public double[] Run(double gini, RatePrices guess, double start, double tolerance, int maxIterations, CancellationToken cancellationToken)
    {
        double[] first = _problem.Ladder.Rates(start);
        _columns.Clear();
        double firstSum = first.Sum();
        _columns.Add(new Column(_problem.Welfare(first), _problem.Tokens(first), firstSum, _problem.Gini(first) * firstSum, double.NaN, double.NaN));
        int[] basis = [0, -1, -2];
        double[] weights = new double[3];
        double bound = double.PositiveInfinity;
        Iterations = 0;
        bool useGuess = guess.Gini > 0;
        bool atMaster = true;
        int idle = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            SolveMaster(gini, basis, weights);
            double welfare = 0;
            for (int k = 0; k < 3; k++)
            {
                welfare += basis[k] >= 0 ? weights[k] * _columns[basis[k]].Welfare : 0;
            }

            if (bound - welfare <= tolerance * welfare || Iterations >= maxIterations)
            {
                break;
            }

            // Half way between the best prices and the master's, where the bound is likelier to fall; where that brought
            // nothing new, at the master's own.
            double lambda = Math.Max(_duals[0], 0);
            double beta = Math.Max(_duals[1], 0);
            if (useGuess)
            {
                (lambda, beta) = (guess.Supply, guess.Gini);
                useGuess = false;
            }
            else if (double.IsFinite(bound) && !atMaster)
            {
                lambda = (lambda + Prices.Supply) / 2;
                beta = (beta + Prices.Gini) / 2;
            }

            Iterations++;
            _lagrangian.Solve(lambda, beta * gini, 0, 0, beta);
            RateMoments m = _lagrangian.Moments;
            var column = new Column(m.Welfare, m.Tokens, m.DeviationSum, m.DeviationSpread, lambda, beta);
            bool isNew = !_columns.Exists(c => c.Welfare == column.Welfare && c.Tokens == column.Tokens && c.RateSum == column.RateSum);
            if (isNew)
            {
                _columns.Add(column);
            }

            double value = lambda * _problem.Supply + m.Welfare - lambda * m.Tokens + beta * (gini * m.DeviationSum - m.DeviationSpread);
            bool better = value < bound;
            if (better)
            {
                bound = value;
                Prices = new RatePrices(lambda, 0, beta);
            }

            // A known column at the master's own prices: what gap is left is rounding.
            idle = isNew || better ? 0 : idle + 1;
            if (idle > 2)
            {
                break;
            }

            atMaster = !(isNew && better);
        }

        double[] rates = new double[first.Length];
        for (int k = 0; k < 3; k++)
        {
            if (basis[k] < 0 || !(weights[k] > 0))
            {
                continue;
            }

            Column column = _columns[basis[k]];
            double[] part = first;
            if (!double.IsNaN(column.GiniPrice))
            {
                _lagrangian.Solve(column.SupplyPrice, column.GiniPrice * gini, 0, 0, column.GiniPrice);
                part = _lagrangian.Rates;
            }

            for (int i = 0; i < rates.Length; i++)
            {
                rates[i] += weights[k] * part[i];
            }
        }

        return rates;
    }

    /// <summary>
    /// The primal simplex method on three rows: Σω·(U − V) + slack = 0, Σω·(G·Σr − spread) − slack = 0, Σω = 1. Basis entries
    /// −1 and −2 are the slacks.
    /// </summary>
    private void SolveMaster(double gini, int[] basis, double[] weights)
    {
        Span<Column> columns = CollectionsMarshal.AsSpan(_columns);
        double supply = _problem.Supply;
        double scale = columns[0].Welfare;
        double rateScale = columns[0].RateSum;
        Span<double> matrix = stackalloc double[9];
        Span<double> transposed = stackalloc double[9];
        Span<double> column = stackalloc double[3];
        Span<double> prices = stackalloc double[3];
        Span<double> duals = stackalloc double[3];
        Span<double> change = stackalloc double[3];
        for (int pivot = 0; pivot < 500; pivot++)
        {
            for (int k = 0; k < 3; k++)
            {
                Fill(basis[k], columns, column);
                prices[k] = basis[k] >= 0 ? columns[basis[k]].Welfare / scale : 0;
                for (int row = 0; row < 3; row++)
                {
                    matrix[3 * row + k] = transposed[3 * k + row] = column[row];
                }
            }

            SolveThree(matrix, [0, 0, 1], weights);
            SolveThree(transposed, prices, duals);
            _duals[0] = duals[0] * scale / supply;
            _duals[1] = -duals[1] * scale / rateScale;
            int entering = int.MinValue;
            double most = 1e-14 * (Math.Abs(duals[0]) + Math.Abs(duals[1]) + Math.Abs(duals[2]));
            for (int k = 0; k < columns.Length; k++)
            {
                Fill(k, columns, column);
                double gain = columns[k].Welfare / scale - duals[0] * column[0] - duals[1] * column[1] - duals[2];
                if (gain > most && Array.IndexOf(basis, k) < 0)
                {
                    (entering, most) = (k, gain);
                }
            }

            if (-duals[0] > most && Array.IndexOf(basis, -1) < 0)
            {
                (entering, most) = (-1, -duals[0]);
            }

            if (duals[1] > most && Array.IndexOf(basis, -2) < 0)
            {
                entering = -2;
            }

            if (entering == int.MinValue)
            {
                return;
            }

            // The first weight to reach 0; among equals the one that falls fastest.
            Fill(entering, columns, column);
            SolveThree(matrix, column, change);
            double largest = Math.Max(Math.Abs(change[0]), Math.Max(Math.Abs(change[1]), Math.Abs(change[2])));
            int leaving = -1;
            double shortest = double.PositiveInfinity;
            for (int k = 0; k < 3; k++)
            {
                if (!(change[k] > 1e-12 * largest))
                {
                    continue;
                }

                double length = Math.Max(weights[k], 0) / change[k];
                if (length < shortest * (1 - 1e-12) || (length <= shortest && change[k] > change[leaving]))
                {
                    (leaving, shortest) = (k, length);
                }
            }

            if (leaving < 0)
            {
                return;
            }

            basis[leaving] = entering;
        }

        void Fill(int index, Span<Column> from, Span<double> into)
        {
            if (index >= 0)
            {
                into[0] = (from[index].Tokens - supply) / supply;
                into[1] = (gini * from[index].RateSum - from[index].Spread) / rateScale;
                into[2] = 1;
            }
            else
            {
                into[0] = index == -1 ? 1 : 0;
                into[1] = index == -2 ? -1 : 0;
                into[2] = 0;
            }
        }
    }

    /// <summary>Gaussian elimination with complete pivoting.</summary>
    private static void SolveThree(ReadOnlySpan<double> matrix, ReadOnlySpan<double> right, Span<double> solution)
    {
        Span<double> m = stackalloc double[9];
        Span<double> b = stackalloc double[3];
        Span<int> place = [0, 1, 2];
        matrix.CopyTo(m);
        right.CopyTo(b);
        for (int step = 0; step < 3; step++)
        {
            int row = step;
            int column = step;
            for (int i = step; i < 3; i++)
            {
                for (int j = step; j < 3; j++)
                {
                    if (Math.Abs(m[3 * i + j]) > Math.Abs(m[3 * row + column]))
                    {
                        (row, column) = (i, j);
                    }
                }
            }

            for (int j = 0; j < 3; j++)
            {
                (m[3 * step + j], m[3 * row + j]) = (m[3 * row + j], m[3 * step + j]);
            }

            (b[step], b[row]) = (b[row], b[step]);
            for (int i = 0; i < 3; i++)
            {
                (m[3 * i + step], m[3 * i + column]) = (m[3 * i + column], m[3 * i + step]);
            }

            (place[step], place[column]) = (place[column], place[step]);
            for (int i = step + 1; i < 3; i++)
            {
                double factor = m[3 * step + step] == 0 ? 0 : m[3 * i + step] / m[3 * step + step];
                for (int j = step; j < 3; j++)
                {
                    m[3 * i + j] -= factor * m[3 * step + j];
                }

                b[i] -= factor * b[step];
            }
        }

        for (int i = 2; i >= 0; i--)
        {
            double sum = b[i];
            for (int j = i + 1; j < 3; j++)
            {
                sum -= m[3 * i + j] * b[j];
            }

            b[i] = m[3 * i + i] == 0 ? 0 : sum / m[3 * i + i];
        }

        for (int i = 0; i < 3; i++)
        {
            solution[place[i]] = b[i];
        }
    }

    /// <summary>A solution of the Lagrangian, as the master sees it; its rates are recomputed from the prices when needed.</summary>
    private readonly record struct Column(double Welfare, double Tokens, double RateSum, double Spread, double SupplyPrice, double GiniPrice);
}
