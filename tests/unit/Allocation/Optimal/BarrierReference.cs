namespace QosValuation.Tests;

/// <summary>
/// Problem (12) for a handful of agents by a method that shares nothing with the engine: a dense logarithmic barrier in the
/// rates, the Gini bound written out as one linear constraint for every ordering of the agents. The optimum lies between
/// the value returned and the value plus m/t.
/// </summary>
internal static class BarrierReference
{
    /// <summary>Solves for agents who can all receive something.</summary>
    /// <returns>The welfare, and how far below the optimum it can be.</returns>
    public static (double Welfare, double Error) Solve(double[] values, double[] rooms, int absentees, double supply, double jain, double gini)
    {
        int n = values.Length;
        int total = n + absentees;
        List<double[]> orderings = gini < 1 ? [.. Orderings(n, absentees, gini)] : [];
        double smallest = Enumerable.Range(0, n).Min(i => rooms[i] / values[i]);
        double[] r = new double[n];
        Array.Fill(r, 0.5 * Math.Min(smallest, supply / values.Sum()));
        int constraints = 2 * n + 1 + orderings.Count + (jain * total > 1 ? 2 : 0);
        double scale = Enumerable.Range(0, n).Sum(i => values[i] * values[i] * r[i]);
        double t = constraints / scale;
        while (constraints / t > 1e-10 * scale)
        {
            t *= 3;
            for (int step = 0; step < 200; step++)
            {
                double[] gradient = new double[n];
                double[,] hessian = new double[n, n];
                Derivatives(r, t, gradient, hessian);
                double[] direction = Eliminate(hessian, gradient);
                double decrement = 0;
                for (int i = 0; i < n; i++)
                {
                    decrement += gradient[i] * direction[i];
                }

                if (!(decrement > 1e-12))
                {
                    break;
                }

                double length = 1;
                double here = Value(r, t);
                double[] next;
                do
                {
                    next = [.. r.Select((x, i) => x + length * direction[i])];
                    length /= 2;
                }
                while (length > 1e-18 && !(Value(next, t) >= here + 0.1 * length * decrement));
                r = next;
            }
        }

        return (Enumerable.Range(0, n).Sum(i => values[i] * values[i] * r[i]), constraints / t);

        double Value(double[] x, double weight)
        {
            double value = 0;
            double tokens = 0;
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < n; i++)
            {
                value += weight * values[i] * values[i] * x[i] + Log(x[i]) + Log(rooms[i] / values[i] - x[i]);
                tokens += values[i] * x[i];
                sum += x[i];
                squares += x[i] * x[i];
            }

            value += Log(supply - tokens);
            if (jain * total > 1)
            {
                value += Log(sum * sum / (total * jain) - squares);
            }

            foreach (double[] row in orderings)
            {
                value += Log(row.Zip(x, (a, b) => a * b).Sum());
            }

            return value;
        }

        void Derivatives(double[] x, double weight, double[] gradient, double[,] hessian)
        {
            double tokens = 0;
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < n; i++)
            {
                double slack = rooms[i] / values[i] - x[i];
                gradient[i] += weight * values[i] * values[i] + 1 / x[i] - 1 / slack;
                hessian[i, i] += 1 / (x[i] * x[i]) + 1 / (slack * slack);
                tokens += values[i] * x[i];
                sum += x[i];
                squares += x[i] * x[i];
            }

            AddLinear([.. values.Select(v => -v)], supply - tokens);
            foreach (double[] row in orderings)
            {
                AddLinear(row, row.Zip(x, (a, b) => a * b).Sum());
            }

            if (jain * total > 1)
            {
                double cone = sum * sum / (total * jain) - squares;
                double[] slope = [.. x.Select(y => 2 * sum / (total * jain) - 2 * y)];
                AddLinear(slope, cone);
                for (int i = 0; i < n; i++)
                {
                    for (int j = 0; j < n; j++)
                    {
                        hessian[i, j] -= (2 / (total * jain) - (i == j ? 2 : 0)) / cone;
                    }
                }
            }

            void AddLinear(double[] row, double slack)
            {
                for (int i = 0; i < n; i++)
                {
                    gradient[i] += row[i] / slack;
                    for (int j = 0; j < n; j++)
                    {
                        hessian[i, j] += row[i] * row[j] / (slack * slack);
                    }
                }
            }
        }
    }

    private static double Log(double x) => x > 0 ? Math.Log(x) : double.NegativeInfinity;

    // N·G·Σr − Σ_k (2k − N − 1)·r_(k) ≥ 0 in every order; absentees come lowest.
    private static IEnumerable<double[]> Orderings(int n, int absentees, double gini)
    {
        int total = n + absentees;
        foreach (int[] places in Permutations([.. Enumerable.Range(absentees + 1, n)], 0))
        {
            yield return [.. places.Select(k => total * gini - (2.0 * k - total - 1))];
        }
    }

    private static IEnumerable<int[]> Permutations(int[] items, int from)
    {
        if (from == items.Length)
        {
            yield return [.. items];
            yield break;
        }

        for (int i = from; i < items.Length; i++)
        {
            (items[from], items[i]) = (items[i], items[from]);
            foreach (int[] rest in Permutations(items, from + 1))
            {
                yield return rest;
            }

            (items[from], items[i]) = (items[i], items[from]);
        }
    }

    private static double[] Eliminate(double[,] matrix, double[] right)
    {
        int n = right.Length;
        double[,] m = (double[,])matrix.Clone();
        double[] b = [.. right];
        for (int k = 0; k < n; k++)
        {
            int pivot = Enumerable.Range(k, n - k).MaxBy(i => Math.Abs(m[i, k]));
            for (int j = 0; j < n; j++)
            {
                (m[k, j], m[pivot, j]) = (m[pivot, j], m[k, j]);
            }

            (b[k], b[pivot]) = (b[pivot], b[k]);
            for (int i = k + 1; i < n; i++)
            {
                double factor = m[i, k] / m[k, k];
                for (int j = k; j < n; j++)
                {
                    m[i, j] -= factor * m[k, j];
                }

                b[i] -= factor * b[k];
            }
        }

        for (int i = n - 1; i >= 0; i--)
        {
            for (int j = i + 1; j < n; j++)
            {
                b[i] -= m[i, j] * b[j];
            }

            b[i] /= m[i, i];
        }

        return b;
    }
}
