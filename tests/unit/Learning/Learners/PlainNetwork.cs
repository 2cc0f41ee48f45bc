namespace QosValuation.Tests;

/// <summary>A multilayer perceptron in plain loops and double precision, forward only: what the learners are held against.</summary>
internal sealed class PlainNetwork(params int[] widths)
{
    /// <summary>The scores of one row.</summary>
    public double[] Scores(double[] parameters, ReadOnlySpan<float> row)
    {
        double[] values = [.. row.ToArray().Select(x => (double)x)];
        int place = 0;
        for (int layer = 1; layer < widths.Length; layer++)
        {
            double[] next = new double[widths[layer]];
            for (int o = 0; o < next.Length; o++)
            {
                next[o] = parameters[place + (widths[layer - 1] * widths[layer]) + o];
                for (int i = 0; i < values.Length; i++)
                {
                    next[o] += parameters[place + (o * values.Length) + i] * values[i];
                }

                next[o] = layer < widths.Length - 1 ? Math.Max(0, next[o]) : next[o];
            }

            place += (widths[layer - 1] + 1) * widths[layer];
            values = next;
        }

        return values;
    }

    /// <summary>−ln p of the row's class.</summary>
    public double Loss(double[] parameters, ReadOnlySpan<float> row, int label)
    {
        double[] scores = Scores(parameters, row);
        return Math.Log(scores.Sum(score => Math.Exp(score - scores[label])));
    }

    /// <summary>The gradient of a row's loss by central differences.</summary>
    public double[] Gradient(double[] parameters, float[] row, int label)
    {
        const double H = 1e-5;
        return
        [
            .. Enumerable.Range(0, parameters.Length).Select(k =>
            {
                double[] up = [.. parameters];
                double[] down = [.. parameters];
                up[k] += H;
                down[k] -= H;
                return (Loss(up, row, label) - Loss(down, row, label)) / (2 * H);
            }),
        ];
    }
}
