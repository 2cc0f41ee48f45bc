using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>Clustered federated learning (Sattler, Müller and Samek, IEEE TNNLS 2021).</summary>
/// <remarks>
/// Clients of a cluster share one model, which moves by the mean of their updates. A cluster of more than two whose mean update is shorter than ε₁
/// while some update is longer than ε₂ is split in two by complete linkage on −cos. The iPFL authors' code has ε = (2.0, 2.5) and plain means.
/// Defaults of the paper are here ε = (0.4, 1.6), from the notebook of its authors (felisat/clustered-federated-learning), and means by size as in
/// FedAvg; that notebook takes plain means too. The thresholds are lengths, and want tuning to the model at hand. O(n²·p).
/// </remarks>
public sealed class CflAlgorithm : IFederatedAlgorithm
{
    /// <inheritdoc/>
    public FederatedAlgorithm Name => FederatedAlgorithm.Cfl;

    /// <inheritdoc/>
    public FederatedProcess Start(FederatedContext context) => new Process(context);

    private sealed class Process(FederatedContext context) : FederatedProcess
    {
        private readonly ParameterMatrix _models = context.NewModels();
        private readonly ParameterMatrix _start = context.NewModels();

        // The cluster of each client; numbers need not follow one another.
        private readonly int[] _clusters = new int[context.Count];

        public override FederatedRound Next(int round, CancellationToken cancellationToken)
        {
            _start.CopyFrom(_models);
            context.Train(round, _models, term: null, cancellationToken);
            (double[] accuracy, double[] loss) = context.Measure(_models.Rows, cancellationToken);
            ReadOnlyMemory<float>[] evaluated = [.. context.Manipulate(round, _models)];
            var shared = new ParameterMatrix(context.Count, _models.Width);
            shared.CopyFrom(_models);
            for (int i = 0; i < evaluated.Length; i++)
            {
                evaluated[i] = context.Clients[i].Attack is ClientAttack.None or ClientAttack.FreeRide ? shared.Rows[i] : evaluated[i];
            }

            ParameterMatrix updates = Updates(cancellationToken);
            SquareMatrix products = ModelDistances.Products(updates.Rows, default, context.Options.MaxDegreeOfParallelism, cancellationToken);
            foreach (int[] members in Members().ToArray())
            {
                SplitWhereDivided(members, products);
            }

            SquareMatrix graph = Weights();
            context.ForEachClient(i =>
            {
                float[] mean = new float[_models.Width];
                FederatedContext.Mean(graph.Row(i), updates.Rows, mean);
                System.Numerics.Tensors.TensorPrimitives.Add(_start[i], mean, _models[i]);
            }, cancellationToken);
            return new SharedModels(context, round, accuracy, loss, evaluated, shared).End(graph, distances: null, _models);
        }

        public override void Visit(FederatedState state)
        {
            state.Visit(_models);
            state.Visit<int>(_clusters);
        }

        private ParameterMatrix Updates(CancellationToken cancellationToken)
        {
            var updates = new ParameterMatrix(context.Count, _models.Width);
            context.ForEachClient(i => System.Numerics.Tensors.TensorPrimitives.Subtract(_models[i], _start[i], updates[i]), cancellationToken);
            return updates;
        }

        private IEnumerable<int[]> Members() =>
            Enumerable.Range(0, context.Count).GroupBy(i => _clusters[i]).Select(cluster => cluster.ToArray());

        private double Weight(int client) => context.IsAuthors ? 1 : context.Clients[client].ReportedSize;

        private void SplitWhereDivided(int[] members, SquareMatrix products)
        {
            const int Smallest = 2;
            double meanLimit = context.IsAuthors ? 2.0 : 0.4;
            double longestLimit = context.IsAuthors ? 2.5 : 1.6;
            double total = members.Sum(Weight);
            double mean = 0;
            double longest = 0;
            foreach (int i in members)
            {
                longest = Math.Max(longest, Math.Sqrt(products[i, i]));
                foreach (int j in members)
                {
                    mean += Weight(i) / total * (Weight(j) / total) * products[i, j];
                }
            }

            if (members.Length <= Smallest || Math.Sqrt(Math.Max(0, mean)) >= meanLimit || longest <= longestLimit)
            {
                return;
            }

            var distances = new SquareMatrix(members.Length);
            for (int a = 0; a < members.Length; a++)
            {
                for (int b = 0; b < members.Length; b++)
                {
                    distances[a, b] = -ModelDistances.Cosine(
                        products[members[a], members[b]], products[members[a], members[a]], products[members[b], members[b]]);
                }
            }

            bool[] second = CompleteLinkage.Split(distances);
            int next = _clusters.Max() + 1;
            for (int k = 0; k < members.Length; k++)
            {
                _clusters[members[k]] = second[k] ? next : _clusters[members[k]];
            }
        }

        private SquareMatrix Weights()
        {
            var graph = new SquareMatrix(context.Count);
            foreach (int[] members in Members())
            {
                double total = members.Sum(Weight);
                foreach (int i in members)
                {
                    foreach (int j in members)
                    {
                        graph[i, j] = Weight(j) / total;
                    }
                }
            }

            return graph;
        }
    }
}
