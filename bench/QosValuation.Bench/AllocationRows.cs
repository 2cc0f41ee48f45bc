using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Bench;

/// <summary>One allocation of very many agents beside a plain copy of as many bytes, and schemes that sort beside NumPy's argsort.</summary>
internal sealed class AllocationRows : IBenchmark
{
    /// <inheritdoc/>
    public string Name => "allocation";

    /// <inheritdoc/>
    public bool IsGuarded => true;

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        int agents = context.IsShort ? 200_000 : 1_000_000;
        RandomSource random = RandomSource.Create(1);
        double[] values = new double[agents];
        double[] room = new double[agents];
        double[] remaining = new double[agents];
        double[] tokens = new double[agents];
        for (int i = 0; i < agents; i++)
        {
            values[i] = Math.Exp(random.NextNormal());
            remaining[i] = random.NextDouble();
            room[i] = 4 - remaining[i];
        }

        void Allocate(AllocationScheme scheme) => TokenAllocator.Allocate(scheme, values, room, remaining, 2.0 * agents, false, random, tokens);

        // An allocation reads v and the room and writes u: 24 bytes an agent. A copy of 12 bytes an agent reads and writes as many.
        double[] source = new double[agents + (agents / 2)];
        double[] target = new double[source.Length];
        Timing Copy() => Timing.Of(() => source.AsSpan().CopyTo(target), 50);
        foreach ((AllocationScheme scheme, int times) in new[] { (AllocationScheme.Proposed, 50), (AllocationScheme.WaterFilling, 10) })
        {
            yield return context.Compare($"{scheme}, {agents:N0} agents", "plain copy of its bytes", () => Timing.Of(() => Allocate(scheme), times), Copy);
        }

        if (context.IsShort)
        {
            yield break;
        }

        (string? python, string name) = context.Peers.Python("numpy", "NumPy");
        using (FileStream stream = File.Create(Path.Combine(context.Folder, "values.npy")))
        {
            NpyColumn.Write(stream, values);
        }

        using PeerProcess? peer = python is null ? null : new PeerProcess(python, "argsort.py", Path.Combine(context.Folder, "values.npy"));
        foreach (AllocationScheme scheme in new[] { AllocationScheme.MaxWelfare, AllocationScheme.MaxMin })
        {
            yield return context.Compare(
                $"{scheme}, {agents:N0} agents", name + ", argsort of the values", () => Timing.Of(() => Allocate(scheme)), peer is null ? null : () => peer.Run(), 1);
        }
    }
}
