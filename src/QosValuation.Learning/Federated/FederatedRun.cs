using System.Security.Cryptography;
using System.Text;
using QosValuation.Learning.Learners;

namespace QosValuation.Learning.Federated;

/// <summary>A federated run, round by round: it can be saved between rounds and goes on to the same bytes.</summary>
/// <remarks>
/// Every draw comes from a stream of (seed, purpose, round, client), so that a state holds models and no generators, and the same seed gives the
/// same bytes for any number of threads, saved and restored or not. Memory O(n·p + n²).
/// </remarks>
public sealed class FederatedRun
{
    private readonly FederatedContext _context;
    private readonly FederatedProcess _process;

    /// <summary>Begins a run at the common initial model.</summary>
    /// <param name="learner">What the clients train.</param>
    /// <param name="clients">The clients, at least one.</param>
    /// <param name="options">The settings.</param>
    /// <param name="imports">Who imports from whom; needed by <see cref="FederatedAlgorithm.Ipfl"/> alone.</param>
    /// <param name="clientDone">Called when a client's training in a round is done, on worker threads.</param>
    /// <exception cref="QosValuationException"><c>FederatedOptionNotValid</c>, <c>FederatedAlgorithmUnknown</c>, <c>FederatedClientNotValid</c>.</exception>
    public FederatedRun(
        ILearner learner, IReadOnlyList<FederatedClient> clients, FederatedOptions options, ImportChoice? imports = null, Action? clientDone = null)
    {
        ArgumentNullException.ThrowIfNull(learner);
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Require(learner, clients);
        IFederatedAlgorithm algorithm = FederatedAlgorithms.Find(options.Algorithm);
        if (algorithm.IsTraded)
        {
            ArgumentNullException.ThrowIfNull(imports);
        }

        _context = new FederatedContext(learner, [.. clients], options, imports, clientDone);
        _process = algorithm.Start(_context);
    }

    /// <summary>The algorithm.</summary>
    public FederatedAlgorithm Algorithm => _context.Options.Algorithm;

    /// <summary>The number of clients.</summary>
    public int Clients => _context.Count;

    /// <summary>How many rounds have been run.</summary>
    public int Round { get; private set; }

    /// <summary>Runs the next round.</summary>
    /// <param name="cancellationToken">Stops the work; the run is then not to be used.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="QosValuationException"><c>FederatedRunDiverged</c>: a model is not finite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public FederatedRound Next(CancellationToken cancellationToken = default)
    {
        FederatedRound round = _process.Next(Round + 1, cancellationToken);
        Round++;
        return round;
    }

    /// <summary>
    /// The SHA-256 digest of what decides the run's bytes: learner, algorithm, settings, seed, and every client's rows, weights, size and
    /// behaviour. A state belongs to the run with its digest. O(data).
    /// </summary>
    /// <returns>32 bytes.</returns>
    public byte[] Setting()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var known = new Dictionary<LabelledRows, byte[]>(ReferenceEqualityComparer.Instance);
        FederatedOptions options = _context.Options with { MaxDegreeOfParallelism = -1 };
        AppendText(hash, $"{_context.Learner.Name} {_context.Learner.Features} {_context.Learner.Classes} {_context.Learner.ParameterCount}");
        if (_context.Learner is OnnxLearner onnx)
        {
            hash.AppendData(onnx.Model.Digest.Span);
            AppendText(hash, string.Join('\n', onnx.Model.Weights.Select(weight => weight.Name)));
        }

        AppendText(hash, System.Text.Json.JsonSerializer.Serialize(options));
        hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(_context.Initial.Span));
        foreach (FederatedClient client in _context.Clients)
        {
            hash.AppendData(DigestOf(client.Train, known));
            hash.AppendData(DigestOf(client.Test, known));
            AppendText(hash, System.Text.Json.JsonSerializer.Serialize(new { client.ClassWeights, client.ReportedSize, client.Attack }));
        }

        return hash.GetHashAndReset();
    }

    /// <summary>Writes the state between two rounds.</summary>
    /// <param name="writer">Takes it.</param>
    public void Save(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(Round);
        _process.Visit(new FederatedState(writer));
    }

    /// <summary>Reads a state that <see cref="Save"/> wrote with the same <see cref="Setting"/>.</summary>
    /// <param name="reader">Gives it.</param>
    /// <exception cref="EndOfStreamException">The state ends too early.</exception>
    public void Restore(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        int round = reader.ReadInt32();
        ArgumentOutOfRangeException.ThrowIfNegative(round);
        _process.Visit(new FederatedState(reader));
        Round = round;
    }

    private static void Require(ILearner learner, IReadOnlyList<FederatedClient> clients)
    {
        if (clients.Count == 0)
        {
            throw new QosValuationException(Faults.FederatedClientNotValid, "There are no clients; give at least one.");
        }

        foreach (FederatedClient client in clients)
        {
            string? mistake =
                client.Train.Count == 0 ? "has no training rows"
                : client.Test.Count == 0 ? "has no test rows"
                : client.Train.Features != learner.Features || client.Test.Features != learner.Features
                    ? $"has rows of {client.Train.Features} features, and the learner takes {learner.Features}"
                : client.Train.Classes > learner.Classes || client.Test.Classes != client.Train.Classes
                    ? $"has rows of {client.Train.Classes} classes, and the learner takes {learner.Classes}"
                : client.ClassWeights.Count != client.Test.Classes || !client.ClassWeights.All(weight => weight >= 0 && double.IsFinite(weight))
                    ? "has no finite weight of at least 0 for each class"
                : !HasWeight(client) ? "has no class in common with its test rows"
                : !(client.ReportedSize > 0 && double.IsFinite(client.ReportedSize)) ? $"reports a size of {client.ReportedSize}; it must be above 0"
                : null;
            if (mistake is not null)
            {
                throw new QosValuationException(Faults.FederatedClientNotValid, $"The client '{client.Name}' {mistake}.", client.Name);
            }
        }
    }

    private static bool HasWeight(FederatedClient client)
    {
        foreach (int label in client.Test.Labels)
        {
            if (client.ClassWeights[label] > 0)
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] DigestOf(LabelledRows rows, Dictionary<LabelledRows, byte[]> known)
    {
        if (!known.TryGetValue(rows, out byte[]? digest))
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(rows.Values));
            hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(rows.Labels));
            hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(rows.RecordOfRow));
            known.Add(rows, digest = hash.GetHashAndReset());
        }

        return digest;
    }

    private static void AppendText(IncrementalHash hash, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        hash.AppendData(BitConverter.GetBytes(bytes.Length));
        hash.AppendData(bytes);
    }
}
