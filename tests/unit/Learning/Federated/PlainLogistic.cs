using QosValuation.Learning.Learners;

namespace QosValuation.Tests;

/// <summary>Logistic regression in plain loops and double precision, written apart from the engine's.</summary>
internal static class PlainLogistic
{
    /// <summary>Full-batch steps with PyTorch's momentum and weight decay on the mean cross-entropy over all rows of all clients.</summary>
    public static double[] Descend(
        double[] start,
        IReadOnlyList<LabelledRows> data,
        double rate,
        int steps,
        double momentum = 0.9,
        double decay = 1e-5,
        Func<double[], double[]>? term = null)
    {
        double[] parameters = [.. start];
        double[] velocity = new double[start.Length];
        for (int step = 0; step < steps; step++)
        {
            double[] gradient = Gradient(parameters, data);
            double[] extra = term?.Invoke(parameters) ?? new double[start.Length];
            for (int k = 0; k < parameters.Length; k++)
            {
                double g = gradient[k] + extra[k] + (decay * parameters[k]);
                velocity[k] = step == 0 ? g : (momentum * velocity[k]) + g;
                parameters[k] -= rate * velocity[k];
            }
        }

        return parameters;
    }

    public static double[] Gradient(double[] parameters, IReadOnlyList<LabelledRows> data)
    {
        double[] gradient = new double[parameters.Length];
        int total = data.Sum(rows => rows.Count);
        foreach (LabelledRows rows in data)
        {
            for (int i = 0; i < rows.Count; i++)
            {
                double[] parts = Probabilities(parameters, rows, i);
                for (int c = 0; c < rows.Classes; c++)
                {
                    double error = (parts[c] - (rows.Labels[i] == c ? 1 : 0)) / total;
                    for (int k = 0; k < rows.Features; k++)
                    {
                        gradient[Weight(rows, c, k)] += error * rows[i][k];
                    }

                    gradient[Bias(rows, c)] += error;
                }
            }
        }

        return gradient;
    }

    public static double Loss(double[] parameters, LabelledRows rows)
    {
        double loss = 0;
        for (int i = 0; i < rows.Count; i++)
        {
            loss -= Math.Log(Probabilities(parameters, rows, i)[rows.Labels[i]]);
        }

        return loss / rows.Count;
    }

    private static double[] Probabilities(double[] parameters, LabelledRows rows, int row)
    {
        double[] scores = new double[rows.Classes];
        for (int c = 0; c < rows.Classes; c++)
        {
            scores[c] = parameters[Bias(rows, c)];
            for (int k = 0; k < rows.Features; k++)
            {
                scores[c] += parameters[Weight(rows, c, k)] * rows[row][k];
            }
        }

        double[] parts = [.. scores.Select(score => Math.Exp(score - scores.Max()))];
        double sum = parts.Sum();
        return [.. parts.Select(part => part / sum)];
    }

    private static int Weight(LabelledRows rows, int c, int k) => (c * rows.Features) + k;

    private static int Bias(LabelledRows rows, int c) => (rows.Features * rows.Classes) + c;
}
