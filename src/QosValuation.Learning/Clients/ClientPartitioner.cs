using System.Globalization;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Learning.Clients;

/// <summary>Divides records among clients, and holds a common test set out before.</summary>
/// <remarks>
/// Whole records are dealt: rows that share one go to the same side and to the same client, so that training and test never share a record
/// (PFLlib's split is known to mix them). The class of a record is that of its first row. O(rows + clients · classes), and a few tries of it.
/// </remarks>
public static class ClientPartitioner
{
    private const double InnerBeta = 10;
    private const int Tries = 100;

    /// <summary>Divides rows.</summary>
    /// <param name="labels">The class of each row, from 0.</param>
    /// <param name="records">The record of each row, from 0.</param>
    /// <param name="features">The length of a row, for shifts.</param>
    /// <param name="options">How.</param>
    /// <returns>The partition.</returns>
    /// <exception cref="QosValuationException"><c>PartitionOptionNotValid</c>; <c>PartitionNotPossible</c>: there are too few records or classes.</exception>
    public static ClientPartition Split(IReadOnlyList<int> labels, IReadOnlyList<int> records, int features, ClientPartitionOptions options)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNotEqual(records.Count, labels.Count);
        options.Validate();
        var random = RandomSource.Create(options.Seed, RandomStreams.Mix(0x7061727469746E, (ulong)options.Kind));
        List<int>[] rows = RowsOf(records);
        int[] classOf = [.. rows.Select(own => labels[own[0]])];
        int classes = labels.Count == 0 ? 0 : labels.Max() + 1;
        int[] test = HoldOut(classOf, classes, options.TestPart, random);
        bool[] isTest = new bool[rows.Length];
        foreach (int record in test)
        {
            isTest[record] = true;
        }

        int[] left = [.. Enumerable.Range(0, rows.Length).Where(record => !isTest[record])];
        if (left.Length < options.Count)
        {
            throw new QosValuationException(
                Faults.PartitionNotPossible,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{left.Length} training records cannot be divided among {options.Count} clients: give more, or lower -Count."),
                options.Count);
        }

        int[] clusters = options.HasClusters ? [.. Enumerable.Range(0, options.Count).Select(i => (int)((long)i * options.Clusters / options.Count))] : [];
        List<int>[] dealt = Deal(left, classOf, classes, clusters, options, random);
        int[] noisy = [.. labels];
        if (options.Kind == ClientPartitionKind.Noisy)
        {
            Spoil(dealt, rows, classOf, classes, noisy, options.Strength, random);
        }

        return new ClientPartition
        {
            Train = [.. dealt.Select(own => Rows(own, rows))],
            Test = Rows(test, rows),
            Labels = noisy,
            Clusters = clusters,
            Shifts = options.Kind == ClientPartitionKind.FeatureShift ? Shifts(options.Clusters, features, options.Strength, random) : [],
        };
    }

    /// <summary>Chooses test records class by class: the given part of each, and at least one of a class with two or more. O(records).</summary>
    /// <param name="classOf">The class of each record.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="part">The part, from 0 (none at all) to below 1.</param>
    /// <param name="random">The source of draws.</param>
    /// <returns>The records, ascending.</returns>
    public static int[] HoldOut(IReadOnlyList<int> classOf, int classes, double part, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(classOf);
        ArgumentNullException.ThrowIfNull(random);
        List<int> held = [];
        foreach (int[] members in part == 0 ? [] : Shuffled([.. Enumerable.Range(0, classOf.Count)], classOf, classes, random))
        {
            int count = members.Length < 2 ? 0 : Math.Clamp((int)Math.Round(part * members.Length), 1, members.Length - 1);
            held.AddRange(members.Take(count));
        }

        held.Sort();
        return [.. held];
    }

    private static List<int>[] RowsOf(IReadOnlyList<int> records)
    {
        var rows = new List<int>[records.Count == 0 ? 0 : records.Max() + 1];
        for (int row = 0; row < records.Count; row++)
        {
            (rows[records[row]] ??= []).Add(row);
        }

        return rows;
    }

    private static int[] Rows(IEnumerable<int> records, List<int>[] rows) => [.. records.SelectMany(record => rows[record]).Order()];

    // The members of each class in a random order.
    private static int[][] Shuffled(int[] records, IReadOnlyList<int> classOf, int classes, RandomSource random)
    {
        int[][] members = new int[classes][];
        ILookup<int, int> byClass = records.ToLookup(record => classOf[record]);
        for (int c = 0; c < classes; c++)
        {
            members[c] = [.. byClass[c]];
            random.Shuffle(members[c].AsSpan());
        }

        return members;
    }

    private static List<int>[] Deal(
        int[] records, int[] classOf, int classes, int[] clusters, ClientPartitionOptions options, RandomSource random)
    {
        if (options.Kind == ClientPartitionKind.Pathological)
        {
            return ByClasses(records, classOf, classes, options, random);
        }

        int least = Math.Min(options.MinimumSize, records.Length / options.Count);
        List<int>[] dealt = [];
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            dealt = options.Kind switch
            {
                ClientPartitionKind.Dirichlet => ByLabel(records, classOf, classes, options.Count, options.Concentration, random),
                ClientPartitionKind.Quantity => BySize(records, options.Count, options.Concentration, random),
                ClientPartitionKind.Cluster => ByCluster(records, classOf, classes, clusters, options, random),
                _ => Evenly(records, options.Count, random),
            };
            if (dealt.All(own => own.Count >= least))
            {
                return dealt;
            }
        }

        Fill(dealt, least, random);
        return dealt;
    }

    private static List<int>[] Empty(int count) => [.. Enumerable.Range(0, count).Select(_ => new List<int>())];

    private static List<int>[] Evenly(int[] records, int count, RandomSource random)
    {
        int[] order = [.. records];
        random.Shuffle(order.AsSpan());
        List<int>[] dealt = Empty(count);
        for (int k = 0; k < order.Length; k++)
        {
            dealt[k % count].Add(order[k]);
        }

        return dealt;
    }

    // NIID-Bench: a client that already has its even share gets nothing of the classes that follow.
    private static List<int>[] ByLabel(int[] records, int[] classOf, int classes, int count, double beta, RandomSource random)
    {
        List<int>[] dealt = Empty(count);
        double[] shares = new double[count];
        foreach (int[] members in Shuffled(records, classOf, classes, random))
        {
            Distributions.Dirichlet(beta, shares, 0, random);
            double sum = 0;
            for (int i = 0; i < count; i++)
            {
                shares[i] = dealt[i].Count < (double)records.Length / count ? shares[i] : 0;
                sum += shares[i];
            }

            if (!(sum > 0))
            {
                Array.Fill(shares, 1);
            }

            Cut(members, shares, dealt);
        }

        return dealt;
    }

    private static List<int>[] BySize(int[] records, int count, double beta, RandomSource random)
    {
        int[] order = [.. records];
        random.Shuffle(order.AsSpan());
        double[] shares = new double[count];
        Distributions.Dirichlet(beta, shares, 0, random);
        List<int>[] dealt = Empty(count);
        Cut(order, shares, dealt);
        return dealt;
    }

    private static List<int>[] ByCluster(
        int[] records, int[] classOf, int classes, int[] clusters, ClientPartitionOptions options, RandomSource random)
    {
        List<int>[] dealt = Empty(options.Count);
        double[] outer = new double[options.Clusters];
        foreach (int[] members in Shuffled(records, classOf, classes, random))
        {
            List<int>[] parts = Empty(options.Clusters);
            Distributions.Dirichlet(options.Concentration, outer, 0, random);
            Cut(members, outer, parts);
            for (int g = 0; g < parts.Length; g++)
            {
                int cluster = g;
                int[] clients = [.. Enumerable.Range(0, options.Count).Where(i => clusters[i] == cluster)];
                double[] inner = new double[clients.Length];
                Distributions.Dirichlet(InnerBeta, inner, 0, random);
                Cut([.. parts[g]], inner, Array.ConvertAll(clients, i => dealt[i]));
            }
        }

        return dealt;
    }

    // Clients take their classes in turns from a random order that is gone through again and again, so that each class has holders as even as can be.
    private static List<int>[] ByClasses(int[] records, int[] classOf, int classes, ClientPartitionOptions options, RandomSource random)
    {
        int[][] members = Shuffled(records, classOf, classes, random);
        int[] present = [.. Enumerable.Range(0, classes).Where(c => members[c].Length > 0)];
        if (present.Length < options.ClassesPerClient)
        {
            throw new QosValuationException(
                Faults.PartitionNotPossible,
                string.Create(CultureInfo.InvariantCulture, $"There are {present.Length} classes, fewer than the {options.ClassesPerClient} of -ClassCount."),
                options.ClassesPerClient);
        }

        random.Shuffle(present.AsSpan());
        var holders = new List<int>[classes];
        int next = 0;
        for (int i = 0; i < options.Count; i++)
        {
            for (int k = 0; k < options.ClassesPerClient; k++)
            {
                (holders[present[next++ % present.Length]] ??= []).Add(i);
            }
        }

        List<int>[] dealt = Empty(options.Count);
        foreach (int c in present)
        {
            if (holders[c]?.Count > members[c].Length)
            {
                throw new QosValuationException(
                    Faults.PartitionNotPossible,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"A class has {members[c].Length} training records for {holders[c].Count} clients: give more records, or lower -Count or -ClassCount."),
                    options.Count);
            }

            for (int k = 0; holders[c] is not null && k < members[c].Length; k++)
            {
                dealt[holders[c][k % holders[c].Count]].Add(members[c][k]);
            }
        }

        return dealt;
    }

    // Cuts a list at the rounded-down running sums of the shares; the last with a share takes the rest.
    private static void Cut(int[] members, double[] shares, IReadOnlyList<List<int>> parts)
    {
        double total = shares.Sum();
        double running = 0;
        int from = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            running += shares[i];
            bool isLast = running >= total * (1 - 1e-12);
            int to = isLast ? members.Length : Math.Max(from, (int)(running / total * members.Length));
            parts[i].AddRange(members.AsSpan(from, to - from));
            from = to;
        }
    }

    // Where draws did not do it: the largest client gives a record of its own at random to the smallest, until all have enough.
    private static void Fill(List<int>[] dealt, int least, RandomSource random)
    {
        while (dealt.MinBy(own => own.Count) is { } poor && poor.Count < least)
        {
            List<int> rich = dealt.MaxBy(own => own.Count)!;
            int taken = random.NextInt32(rich.Count);
            poor.Add(rich[taken]);
            rich[taken] = rich[^1];
            rich.RemoveAt(rich.Count - 1);
        }
    }

    private static void Spoil(
        List<int>[] dealt, List<int>[] rows, int[] classOf, int classes, int[] labels, double strength, RandomSource random)
    {
        for (int i = 0; i < dealt.Length; i++)
        {
            double rate = dealt.Length == 1 ? strength : strength * i / (dealt.Length - 1);
            int[] flipped = LabelNoise.Flip([.. dealt[i].Select(record => classOf[record])], classes, rate, random).Labels;
            for (int k = 0; k < flipped.Length; k++)
            {
                int record = dealt[i][k];
                foreach (int row in flipped[k] == classOf[record] ? [] : rows[record])
                {
                    labels[row] = flipped[k];
                }
            }
        }
    }

    private static float[][] Shifts(int domains, int features, double strength, RandomSource random)
    {
        float[][] shifts = new float[domains][];
        for (int g = 0; g < domains; g++)
        {
            double[] direction = new double[features];
            double square = 0;
            for (int k = 0; k < features; k++)
            {
                direction[k] = random.NextNormal();
                square += direction[k] * direction[k];
            }

            shifts[g] = Array.ConvertAll(direction, part => (float)(strength * part / Math.Sqrt(square)));
        }

        return shifts;
    }
}
