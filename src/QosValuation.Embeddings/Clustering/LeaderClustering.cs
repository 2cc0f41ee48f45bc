using System.Runtime.InteropServices;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Online leader clustering (Hartigan 1975, section 3.2) on cosine similarity: a vector joins the group of most similar
/// centroid where the cosine reaches the threshold, else it founds a group. The centroid is the normalised mean of the
/// group's vectors, kept up to date.
/// </summary>
/// <remarks>
/// <para>One pass; the result depends on the order of arrival. O(K·d) a vector over K groups (groups of one included); memory
/// O(K·d), whatever the number of vectors: 4 bytes a component of each centroid, 8 more where the group has grown, and 512
/// bytes a group for a block's similarities. Ties go to the group founded first.</para>
/// <para>Vectors may be given one by one or in blocks. A block is compared with the centroids as they were before it, many at
/// a time in <see cref="PanelKernel"/>, on several threads where asked. Then its vectors are taken in order: similarities to
/// groups that changed or were founded within the block are computed anew before each decision, so that every decision
/// compares exactly the products that the one-by-one algorithm compares. Groups, counts and centroids are the same to the bit
/// for any division into blocks, any number of threads and any processor with IEEE arithmetic.</para>
/// <para>With <see cref="NeighbourSearch.Approximate"/> a <see cref="CentroidGraph"/> proposes the groups that are compared, from the vector on that founds
/// one group more than <see cref="MostExact"/>: O(d·log K) a vector, and about 1.3 KB more a group. The result still depends neither on blocks nor on
/// threads, but on the kind of processor, whose rounding decides who is whose neighbour in the graph.</para>
/// </remarks>
public sealed unsafe class LeaderClustering
{
    /// <summary>The number of groups up to which each vector is compared with all, whatever the search.</summary>
    public const int MostExact = 100_000;

    /// <summary>The most vectors compared at once; longer blocks are divided.</summary>
    internal const int BlockRows = 128;

    private const int SmallestBlock = 2 * PanelKernel.Rows;

    // A part of the centroids that one thread compares with a whole block: 192 centroids of 512 components, 384 KiB, fit its cache.
    private const int PartPanels = 4;

    // The components of a panel that meet all records in turn: 128 · 48 floats, 24 KiB, fit the innermost cache.
    internal const int SliceLength = 2 * PanelKernel.Chain;

    private readonly int _dimension;
    private readonly int _maximumThreads;
    private readonly float _threshold;
    private readonly CentroidPanels _centroids;
    private readonly List<int> _counts = [];
    private readonly List<double[]?> _sums = [];

    // Of the block at hand: the groups it changed or founded, with their centroids, and the column of each group or −1.
    private readonly CentroidPanels _changed;
    private readonly List<int> _changedGroups = [];
    private readonly List<int> _changedColumns = [];
    private readonly AlignedFloats _changedProducts = new(BlockRows + PanelKernel.Columns);
    private readonly AlignedFloats _tiles;
    private readonly AlignedFloats _vector;
    private AlignedFloats _products = new(0);
    private (float Cosine, int Group)[] _nearest = [];

    // The number of groups up to which all are compared; −1 where always.
    private readonly int _mostExact;
    private CentroidGraph? _graph;

    /// <summary>Creates a clustering without groups.</summary>
    /// <param name="dimension">The length of the vectors.</param>
    /// <param name="similarityThreshold">The least cosine, from 0 to 1, at which a group takes a vector.</param>
    /// <param name="maximumThreads">The most threads that compare a block; −1 for as many as there are cores. The result does not depend on it.</param>
    /// <param name="search">How the most similar group is found.</param>
    /// <param name="mostExact">With <see cref="NeighbourSearch.Approximate"/> the number of groups up to which all are compared.</param>
    public LeaderClustering(
        int dimension,
        double similarityThreshold,
        int maximumThreads = 1,
        NeighbourSearch search = NeighbourSearch.Exact,
        int mostExact = MostExact)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mostExact);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        if (!(similarityThreshold >= 0 && similarityThreshold <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(similarityThreshold), similarityThreshold, "The similarity threshold is a cosine from 0 to 1.");
        }

        if (maximumThreads is 0 or < -1)
        {
            throw new ArgumentOutOfRangeException(nameof(maximumThreads), maximumThreads, "The number of threads is −1 or at least 1.");
        }

        _mostExact = search == NeighbourSearch.Approximate ? mostExact : -1;
        _dimension = dimension;
        _maximumThreads = maximumThreads;
        _threshold = (float)similarityThreshold - CosineKernel.Rounding;
        _centroids = new CentroidPanels(dimension);
        _changed = new CentroidPanels(dimension);
        _tiles = new AlignedFloats((long)BlockRows * dimension);
        _vector = new AlignedFloats(dimension);
    }

    /// <summary>The number of groups, those of one vector included.</summary>
    public int GroupCount => _counts.Count;

    /// <summary>
    /// How many vectors are worth comparing at once: 1 while there are few groups, so that nobody waits for a label, and up
    /// to 128 for thousands, where a comparison with all of them takes longer than any stream brings vectors.
    /// </summary>
    public int PreferredBlock => Math.Clamp(GroupCount / 512 * SmallestBlock, 1, BlockRows);

    /// <summary>Whether a graph finds the most similar group, because there are many.</summary>
    public bool IsApproximate => _graph is not null;

    /// <summary>Whether a graph was wanted, and there is no library for it on this platform: all groups are compared.</summary>
    public bool LacksLibrary { get; private set; }

    /// <summary>How well the graph finds the most similar group; null where none is used.</summary>
    public SearchRecall? Recall =>
        _graph is null ? null : new SearchRecall { Searched = _graph.Searched, Sampled = _graph.Sampled, Agreed = _graph.Agreed, Decided = _graph.Decided };

    /// <summary>Takes the next vector. O(K·d).</summary>
    /// <param name="vector">Of unit L2 norm.</param>
    /// <returns>The number of the group that took it: groups are numbered from 0 in the order they were founded.</returns>
    public int Add(ReadOnlySpan<float> vector) => AddOne(vector, default);

    private int AddOne(ReadOnlySpan<float> vector, CancellationToken cancellationToken)
    {
        if (vector.Length != _dimension)
        {
            throw new ArgumentException($"The vector has {vector.Length} components, the clustering {_dimension}.", nameof(vector));
        }

        int group = -1;
        if (_graph is not null)
        {
            AddByGraph(vector, new Span<int>(ref group));
            return group;
        }

        float cosine = float.NegativeInfinity;
        if (GroupCount > 0)
        {
            vector.CopyTo(new Span<float>(_vector.Pointer, _dimension));
            Reserve((long)_centroids.PanelCount * PanelKernel.Columns);
            _centroids.Products(_vector.Pointer, _products.Pointer);
            group = PanelKernel.IndexOfLargest(_products.Pointer, GroupCount, out cosine);
        }

        if (group < 0 || cosine < _threshold)
        {
            Found();
            _centroids.Write(_centroids.Append(), vector);
            Index(cancellationToken);
            return GroupCount - 1;
        }

        Join(group, vector, _centroids.Column(group), _centroids.Column(group));
        return group;
    }

    /// <summary>Takes the next vectors. O(n·K·d), the bulk of it in blocks on several threads.</summary>
    /// <param name="vectors">Vectors of unit L2 norm, one after the other, in order of arrival.</param>
    /// <param name="groups">Receives the group of each.</param>
    /// <param name="cancellationToken">Stops between blocks of 128; the vectors before stay taken.</param>
    public void Add(ReadOnlySpan<float> vectors, Span<int> groups, CancellationToken cancellationToken = default)
    {
        if (vectors.Length != (long)groups.Length * _dimension)
        {
            throw new ArgumentException($"{groups.Length} vectors have {(long)groups.Length * _dimension} components, not {vectors.Length}.", nameof(vectors));
        }

        for (int start = 0, count; start < groups.Length; start += count)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // The longer a block, the more similarities to changed groups are computed anew: among few groups that outweighs the rest.
            count = Math.Min(groups.Length - start, GroupCount == 0 ? 1 : Math.Max(SmallestBlock, PreferredBlock));
            ReadOnlySpan<float> block = vectors.Slice(start * _dimension, count * _dimension);
            if (_graph is not null)
            {
                count = AddByGraph(block, groups.Slice(start, count));
            }
            else if (count == 1)
            {
                groups[start] = AddOne(block, cancellationToken);
            }
            else
            {
                count = AddBlock(block, groups.Slice(start, count));
                Index(cancellationToken);
            }
        }
    }

    /// <summary>The number of vectors in a group. O(1).</summary>
    /// <param name="group">The group's number.</param>
    /// <returns>At least 1.</returns>
    public int CountOf(int group) => _counts[group];

    /// <summary>The centroid of a group: the normalised mean of its vectors. O(d).</summary>
    /// <param name="group">The group's number.</param>
    /// <returns>A copy, of unit L2 norm.</returns>
    public float[] CentroidOf(int group)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(group);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(group, GroupCount);
        float[] centroid = new float[_dimension];
        _centroids.Read(group, centroid);
        return centroid;
    }

    /// <summary>Writes the groups.</summary>
    internal void Save(BinaryWriter writer)
    {
        writer.Write(GroupCount);
        for (int group = 0; group < GroupCount; group++)
        {
            writer.Write(_counts[group]);
            if (_sums[group] is double[] sum)
            {
                writer.WriteNumbers(sum);
            }
            else
            {
                writer.WriteNumbers(CentroidOf(group));
            }
        }
    }

    /// <summary>Reads what <see cref="Save"/> wrote into a clustering without groups. Centroids follow from the sums, to the bit.</summary>
    internal void Load(BinaryReader reader)
    {
        float[] centroid = new float[_dimension];
        for (int left = reader.ReadCount(); left > 0; left--)
        {
            int count = reader.ReadCount();
            Found();
            int group = _centroids.Append();
            _counts[group] = count;
            if (count == 1)
            {
                reader.ReadNumbers(centroid);
                _centroids.Write(group, centroid);
            }
            else
            {
                double[] sum = new double[_dimension];
                reader.ReadNumbers(sum);
                _sums[group] = sum;
                Centre(sum, _centroids.Column(group));
            }
        }
    }

    /// <summary>Writes the graph.</summary>
    internal void SaveGraph(BinaryWriter writer)
    {
        writer.Write(_graph is not null);
        _graph?.Save(writer, group => _counts[group] == 1);
    }

    /// <summary>Makes the graph that <see cref="SaveGraph"/> wrote, when the groups have been read.</summary>
    /// <returns>False where this platform has no library for it.</returns>
    internal bool LoadGraph(BinaryReader reader, CancellationToken cancellationToken)
    {
        if (!reader.ReadBoolean())
        {
            return true;
        }

        _graph = CentroidGraph.TryCreate(_centroids, _dimension, _maximumThreads);
        _graph?.Load(reader, group => _counts[group] == 1, cancellationToken);
        return _graph is not null;
    }

    private bool NeedsGraph => _mostExact >= 0 && GroupCount > _mostExact && _graph is null && !LacksLibrary;

    /// <summary>Makes the graph when there are many groups.</summary>
    private void Index(CancellationToken cancellationToken)
    {
        if (NeedsGraph)
        {
            CentroidGraph? graph = CentroidGraph.TryCreate(_centroids, _dimension, _maximumThreads);
            LacksLibrary = graph is null;
            graph?.AddAll(cancellationToken);
            _graph = graph;
        }
    }

    /// <summary>Takes vectors until the graph changes.</summary>
    /// <returns>How many were taken.</returns>
    private int AddByGraph(ReadOnlySpan<float> vectors, Span<int> groups)
    {
        CentroidGraph graph = _graph!;
        fixed (float* block = vectors)
        {
            graph.Propose(block, groups.Length);
        }

        for (int row = 0; row < groups.Length; row++)
        {
            ReadOnlySpan<float> vector = vectors.Slice(row * _dimension, _dimension);
            (float cosine, int group) = graph.Nearest(row, vector);
            if (graph.IsSampled)
            {
                vector.CopyTo(new Span<float>(_vector.Pointer, _dimension));
                Reserve((long)_centroids.PanelCount * PanelKernel.Columns);
                _centroids.Products(_vector.Pointer, _products.Pointer);
                int nearest = PanelKernel.IndexOfLargest(_products.Pointer, GroupCount, out float largest);
                graph.Sample(nearest == group, nearest == group || (cosine < _threshold && largest < _threshold));
            }

            graph.Count();
            if (cosine < _threshold)
            {
                Found();
                group = GroupCount - 1;
                _centroids.Write(_centroids.Append(), vector);
                graph.Founded(group);
            }
            else
            {
                Join(group, vector, _centroids.Column(group), _centroids.Column(group));
                graph.Moved(group);
            }

            groups[row] = group;
            if (graph.Settle())
            {
                return row + 1;
            }
        }

        return groups.Length;
    }

    private int AddBlock(ReadOnlySpan<float> vectors, Span<int> groups)
    {
        int known = GroupCount;
        int stride = _centroids.PanelCount * PanelKernel.Columns;
        Reserve((long)BlockRows * stride);
        Pack(vectors, groups.Length);
        int parts = Compare(groups.Length, known, stride);
        for (int row = 0; row < groups.Length; row++)
        {
            ReadOnlySpan<float> vector = vectors.Slice(row * _dimension, _dimension);
            (float cosine, int group) = _nearest[row];
            for (int part = 1; part < parts; part++)
            {
                // Parts are in order of their groups: the first of the largest wins.
                (float Cosine, int Group) next = _nearest[(part * BlockRows) + row];
                if (next.Cosine > cosine)
                {
                    (cosine, group) = next;
                }
            }

            if (_changed.Count > 0)
            {
                (cosine, group) = Correct(vector, _products.Pointer + ((nint)row * stride), known, cosine, group);
            }

            groups[row] = cosine < _threshold ? FoundInBlock(vector) : JoinInBlock(group, vector);
            if (NeedsGraph)
            {
                // The graph begins after the same vector whatever the block.
                Settle();
                return row + 1;
            }
        }

        Settle();
        return groups.Length;
    }

    /// <summary>Lays the vectors out in tiles of eight, component by component; missing ones are zero.</summary>
    private void Pack(ReadOnlySpan<float> vectors, int rows)
    {
        for (int row = 0; row < (rows + PanelKernel.Rows - 1) / PanelKernel.Rows * PanelKernel.Rows; row++)
        {
            float* target = _tiles.Pointer + ((nint)(row / PanelKernel.Rows) * PanelKernel.Rows * _dimension) + (row % PanelKernel.Rows);
            ReadOnlySpan<float> vector = row < rows ? vectors.Slice(row * _dimension, _dimension) : default;
            for (int k = 0; k < _dimension; k++)
            {
                *target = vector.IsEmpty ? 0 : vector[k];
                target += PanelKernel.Rows;
            }
        }
    }

    /// <summary>Compares the packed vectors with all centroids, and notes the nearest of each part of them.</summary>
    private int Compare(int rows, int known, int stride)
    {
        int panels = _centroids.PanelCount;
        int parts = (panels + PartPanels - 1) / PartPanels;
        if (_nearest.Length < parts * BlockRows)
        {
            _nearest = new (float, int)[parts * 2 * BlockRows];
        }

        if (_maximumThreads == 1 || parts == 1)
        {
            for (int part = 0; part < parts; part++)
            {
                ComparePart(part);
            }
        }
        else
        {
            Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = _maximumThreads }, ComparePart);
        }

        return parts;

        void ComparePart(int part)
        {
            int end = Math.Min(panels, (part + 1) * PartPanels);
            int tiles = (rows + PanelKernel.Rows - 1) / PanelKernel.Rows;
            for (int panel = part * PartPanels; panel < end; panel++)
            {
                for (int start = 0; start < _dimension; start += SliceLength)
                {
                    int length = Math.Min(SliceLength, _dimension - start);
                    for (int tile = 0; tile < tiles; tile++)
                    {
                        PanelKernel.Tile(
                            _tiles.Pointer + ((nint)tile * PanelKernel.Rows * _dimension) + ((nint)start * PanelKernel.Rows),
                            _centroids.Panel(panel) + ((nint)start * PanelKernel.Columns),
                            length,
                            _products.Pointer + ((nint)tile * PanelKernel.Rows * stride) + ((nint)panel * PanelKernel.Columns),
                            stride,
                            continues: start > 0);
                    }
                }
            }

            int first = part * PartPanels * PanelKernel.Columns;
            int count = Math.Min(known, end * PanelKernel.Columns) - first;
            for (int row = 0; row < rows; row++)
            {
                int nearest = PanelKernel.IndexOfLargest(_products.Pointer + ((nint)row * stride) + first, count, out float cosine);
                _nearest[(part * BlockRows) + row] = (cosine, first + nearest);
            }
        }
    }

    /// <summary>What the comparison would have found with the centroids as they are now.</summary>
    private (float Cosine, int Group) Correct(ReadOnlySpan<float> vector, float* products, int known, float cosine, int group)
    {
        Span<int> columns = CollectionsMarshal.AsSpan(_changedColumns);
        if (columns[group] >= 0)
        {
            // The nearest has moved: look again among those that have not.
            foreach (int changed in _changedGroups)
            {
                if (changed < known)
                {
                    products[changed] = float.NegativeInfinity;
                }
            }

            group = PanelKernel.IndexOfLargest(products, known, out cosine);
        }

        vector.CopyTo(new Span<float>(_vector.Pointer, _dimension));
        _changed.Products(_vector.Pointer, _changedProducts.Pointer);
        for (int column = 0; column < _changed.Count; column++)
        {
            float other = _changedProducts.Pointer[column];
            if (other > cosine || (other == cosine && _changedGroups[column] < group))
            {
                cosine = other;
                group = _changedGroups[column];
            }
        }

        return (cosine, group);
    }

    private int FoundInBlock(ReadOnlySpan<float> vector)
    {
        Found();
        int group = GroupCount - 1;
        _changed.Write(Change(group), vector);
        return group;
    }

    private int JoinInBlock(int group, ReadOnlySpan<float> vector)
    {
        int column = _changedColumns[group];
        float* before = column < 0 ? _centroids.Column(group) : _changed.Column(column);
        if (column < 0)
        {
            column = Change(group);
        }

        Join(group, vector, before, _changed.Column(column));
        return group;
    }

    private int Change(int group)
    {
        int column = _changed.Append();
        _changedGroups.Add(group);
        _changedColumns[group] = column;
        return column;
    }

    /// <summary>Ends a block: the centroids it changed take their places among the others.</summary>
    private void Settle()
    {
        while (_centroids.Count < GroupCount)
        {
            _centroids.Append();
        }

        for (int column = 0; column < _changed.Count; column++)
        {
            int group = _changedGroups[column];
            float* source = _changed.Column(column);
            float* target = _centroids.Column(group);
            for (int k = 0; k < _dimension; k++)
            {
                *target = *source;
                source += PanelKernel.Columns;
                target += PanelKernel.Columns;
            }

            _changedColumns[group] = -1;
        }

        _changed.Clear();
        _changedGroups.Clear();
    }

    private void Found()
    {
        _counts.Add(1);
        _sums.Add(null);
        _changedColumns.Add(-1);
    }

    private void Join(int group, ReadOnlySpan<float> vector, float* before, float* after)
    {
        // Sums are kept in double precision, and only for groups that grew: most of the groups of noisy data never do.
        double[] sum = _sums[group] ??= Gather(before);
        for (int k = 0; k < sum.Length; k++)
        {
            sum[k] += vector[k];
        }

        _counts[group]++;
        Centre(sum, after);
    }

    /// <summary>Writes the direction of a sum into a column.</summary>
    private static void Centre(double[] sum, float* column)
    {
        double scale = 1 / Math.Sqrt(SumOfSquares(sum));
        foreach (double component in sum)
        {
            *column = (float)(component * scale);
            column += PanelKernel.Columns;
        }
    }

    /// <summary>Σx², in eight interleaved sums that are added in order: fast, and the same on every processor.</summary>
    private static double SumOfSquares(ReadOnlySpan<double> x)
    {
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
        int k = 0;
        for (; k <= x.Length - 8; k += 8)
        {
            ReadOnlySpan<double> y = x.Slice(k, 8);
            s0 += y[0] * y[0];
            s1 += y[1] * y[1];
            s2 += y[2] * y[2];
            s3 += y[3] * y[3];
            s4 += y[4] * y[4];
            s5 += y[5] * y[5];
            s6 += y[6] * y[6];
            s7 += y[7] * y[7];
        }

        double sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
        for (; k < x.Length; k++)
        {
            sum += x[k] * x[k];
        }

        return sum;
    }

    private double[] Gather(float* column)
    {
        double[] copy = new double[_dimension];
        for (int k = 0; k < copy.Length; k++)
        {
            copy[k] = column[(nint)k * PanelKernel.Columns];
        }

        return copy;
    }

    private void Reserve(long products)
    {
        if (_products.Length < products)
        {
            _products = new AlignedFloats(products + (products / 2));
        }
    }
}
