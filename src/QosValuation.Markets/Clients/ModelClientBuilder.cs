using System.Globalization;
using System.Numerics.Tensors;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Clients;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Markets.Clients;

/// <summary>Makes clients of labelled embeddings: by contributor, or by a partition. Training and test never share a record.</summary>
public sealed class ModelClientBuilder
{
    private readonly LabelledPointBuilder _check = new();
    private readonly List<Row> _train = [];
    private readonly List<Row> _test = [];

    /// <summary>The number of training embeddings.</summary>
    public int Count => _train.Count;

    /// <summary>How many training embeddings were left out of the last result because a test item is the same record.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Adds an embedding.</summary>
    /// <param name="embedding">The embedding; its vector is taken as it is.</param>
    /// <param name="label">Its class.</param>
    /// <param name="contributor">Whose it is; may be empty where a partition decides.</param>
    /// <exception cref="QosValuationException">
    /// <c>LabelMissing</c>, <c>EmbeddingEmpty</c>, <c>EmbeddingDimensionMismatch</c>, <c>EmbeddingNotFinite</c>, <c>EmbeddingIsZero</c>: it was not added.
    /// </exception>
    public void Add(ClipEmbedding embedding, string? label, string? contributor)
    {
        _check.AddTrain(embedding, label);
        _train.Add(new Row(embedding.Vector, label!, embedding.Item ?? string.Empty, ContributorName.Fold(contributor)));
    }

    /// <summary>Adds an item of the common test set.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <param name="label">Its class.</param>
    /// <exception cref="QosValuationException">As for <see cref="Add"/>.</exception>
    public void AddTest(ClipEmbedding embedding, string? label)
    {
        _check.AddTest(embedding, label);
        _test.Add(new Row(embedding.Vector, label!, embedding.Item ?? string.Empty, string.Empty));
    }

    /// <summary>One client for each contributor, in the order in which they came.</summary>
    /// <param name="testPart">The part of the records held out as the common test set where no test items were added, from 0 to below 1.</param>
    /// <param name="seed">The seed of what is held out; null draws from the operating system's generator.</param>
    /// <param name="failed">Takes the fault of a client that cannot be made; the others go on.</param>
    /// <returns>The clients, with the standard role, gain scale and cost.</returns>
    public IReadOnlyList<ModelClient> ByContributor(double testPart, int? seed, Action<QosValuationException> failed)
    {
        ArgumentNullException.ThrowIfNull(failed);
        Sides sides = Divide(testPart, seed);
        Row[] test = [.. sides.Test];
        (float[][] vectors, string[] labels, string[] items) = Columns(test);
        var clients = new List<ModelClient>();
        ILookup<string, Row> left = sides.Train.ToLookup(row => row.Contributor, StringComparer.Ordinal);
        foreach (string contributor in _train.Select(row => row.Contributor).Distinct(StringComparer.Ordinal))
        {
            (float[][] own, string[] classes, string[] records) = Columns([.. left[contributor]]);
            var client = new ModelClient
            {
                Contributor = contributor,
                Vectors = own,
                Labels = classes,
                Items = records,
                TestVectors = vectors,
                TestLabels = labels,
                TestItems = items,
            };
            try
            {
                client.Validate();
                clients.Add(client);
            }
            catch (QosValuationException fault)
            {
                failed(fault);
            }
        }

        return clients;
    }

    /// <summary>Clients of a partition, named client1, client2 and so on, with leading zeros.</summary>
    /// <param name="options">How to divide; where test items were added, nothing more is held out.</param>
    /// <returns>The clients, with the standard role, gain scale and cost.</returns>
    /// <exception cref="QosValuationException"><c>PartitionOptionNotValid</c>, <c>PartitionNotPossible</c>.</exception>
    public IReadOnlyList<ModelClient> Partition(ClientPartitionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Row[] rows = [.. WithoutTest()];
        string[] classes = [.. rows.Select(row => row.Label).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        int[] labels = [.. rows.Select(row => Array.BinarySearch(classes, row.Label, StringComparer.Ordinal))];
        int[] records = RecordIdentity.Number([.. rows.Select(row => row.Item)], [.. rows.Select(row => row.Vector)]);
        ClientPartition partition = ClientPartitioner.Split(
            labels, records, rows.Length == 0 ? 0 : rows[0].Vector.Length, _test.Count > 0 ? options with { TestPart = 0 } : options);
        Row[] test = _test.Count > 0 ? [.. _test] : Array.ConvertAll(partition.Test, row => rows[row]);
        string format = "D" + options.Count.ToString(CultureInfo.InvariantCulture).Length.ToString(CultureInfo.InvariantCulture);

        // Clients of one domain share a test set.
        var domains = Enumerable.Range(0, Math.Max(1, partition.Shifts.Count))
            .Select(g => Columns(Array.ConvertAll(test, row => Shift(row, partition.Shifts, g)))).ToArray();
        return [.. partition.Train.Select((own, i) =>
        {
            int domain = partition.Shifts.Count > 0 ? partition.Clusters[i] : 0;
            (float[][] vectors, string[] names, string[] items) =
                Columns(Array.ConvertAll(own, row => Shift(rows[row] with { Label = classes[partition.Labels[row]] }, partition.Shifts, domain)));
            return new ModelClient
            {
                Contributor = "client" + (i + 1).ToString(format, CultureInfo.InvariantCulture),
                Vectors = vectors,
                Labels = names,
                Items = items,
                TestVectors = domains[domain].Vectors,
                TestLabels = domains[domain].Labels,
                TestItems = domains[domain].Items,
                Cluster = partition.Clusters.Count > 0 ? partition.Clusters[i] : null,
            };
        })];
    }

    private static (float[][] Vectors, string[] Labels, string[] Items) Columns(Row[] rows) =>
        (Array.ConvertAll(rows, row => row.Vector), Array.ConvertAll(rows, row => row.Label), Array.ConvertAll(rows, row => row.Item));

    // A shifted vector keeps its length.
    private static Row Shift(Row row, IReadOnlyList<float[]> shifts, int domain)
    {
        if (shifts.Count == 0)
        {
            return row;
        }

        float length = TensorPrimitives.Norm<float>(row.Vector);
        float[] moved = new float[row.Vector.Length];
        TensorPrimitives.MultiplyAdd(shifts[domain], length, row.Vector, moved);
        TensorPrimitives.Multiply(moved, length / TensorPrimitives.Norm<float>(moved), moved);
        return row with { Vector = moved };
    }

    private Sides Divide(double testPart, int? seed)
    {
        if (_test.Count > 0)
        {
            return new Sides(WithoutTest(), _test);
        }

        int[] records = RecordIdentity.Number([.. _train.Select(row => row.Item)], [.. _train.Select(row => row.Vector)]);
        string[] classes = [.. _train.Select(row => row.Label).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        int[] classOf = new int[records.Length == 0 ? 0 : records.Max() + 1];
        for (int row = records.Length - 1; row >= 0; row--)
        {
            classOf[records[row]] = Array.BinarySearch(classes, _train[row].Label, StringComparer.Ordinal);
        }

        var held = ClientPartitioner.HoldOut(classOf, classes.Length, testPart, RandomSource.Create(seed)).ToHashSet();
        return new Sides(
            [.. _train.Where((_, row) => !held.Contains(records[row]))], [.. _train.Where((_, row) => held.Contains(records[row]))]);
    }

    private List<Row> WithoutTest()
    {
        LeftOut = 0;
        if (_test.Count == 0)
        {
            return _train;
        }

        int[] records = RecordIdentity.Number([.. _test.Concat(_train).Select(row => row.Item)], [.. _test.Concat(_train).Select(row => row.Vector)]);
        HashSet<int> tested = [.. records.Take(_test.Count)];
        List<Row> left = [.. _train.Where((_, row) => !tested.Contains(records[_test.Count + row]))];
        LeftOut = _train.Count - left.Count;
        return left;
    }

    private sealed record Row(float[] Vector, string Label, string Item, string Contributor);

    private sealed record Sides(IReadOnlyList<Row> Train, IReadOnlyList<Row> Test);
}
