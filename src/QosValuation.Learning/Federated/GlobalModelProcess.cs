using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>
/// A round with one global model: every client trains a copy of it, what they share is averaged by reported size, and the mean is measured.
/// FedAvg, and FedProx with its term.
/// </summary>
/// <param name="algorithm">The algorithm.</param>
/// <param name="context">The run.</param>
/// <param name="strength">μ of the proximal term towards the global model; 0 for none.</param>
internal sealed class GlobalModelProcess(FederatedAlgorithm algorithm, FederatedContext context, double strength) : FederatedProcess
{
    private readonly ParameterMatrix _models = context.NewModels();
    private readonly ParameterMatrix _global = NewGlobal(context);

    /// <inheritdoc/>
    public override FederatedRound Next(int round, CancellationToken cancellationToken)
    {
        _models.Fill(_global[0]);
        context.Train(round, _models, strength == 0 ? null : _ => new ProximalTerm(_global.Rows[0], strength), cancellationToken);
        context.Manipulate(round, _models);
        SquareMatrix graph = AverageInto(context, _models, _global[0]);
        IReadOnlyList<ReadOnlyMemory<float>> everyone = context.ForAll(_global.Rows[0]);
        (double[] accuracy, double[] loss) = context.Measure(everyone, cancellationToken);
        return new FederatedRound
        {
            Algorithm = algorithm,
            Round = round,
            Accuracy = accuracy,
            Loss = loss,
            Graph = graph,
            Initial = context.Initial,
            Evaluated = everyone,
            Shared = _models.Rows,
            Received = everyone,
        };
    }

    /// <inheritdoc/>
    public override void Visit(FederatedState state) => state.Visit(_global);

    /// <summary>The global model, at the common initial one.</summary>
    internal static ParameterMatrix NewGlobal(FederatedContext context)
    {
        var global = new ParameterMatrix(1, context.Initial.Length);
        global.Fill(context.Initial.Span);
        return global;
    }

    /// <summary>Averages models by reported size.</summary>
    /// <returns>The graph: every row holds the sizes' shares.</returns>
    internal static SquareMatrix AverageInto(FederatedContext context, ParameterMatrix models, Span<float> global)
    {
        double[] shares = [.. context.Shares];
        FederatedContext.Mean(shares, models.Rows, global);
        var graph = new SquareMatrix(context.Count);
        for (int i = 0; i < context.Count; i++)
        {
            shares.CopyTo(graph.Row(i));
        }

        return graph;
    }
}
