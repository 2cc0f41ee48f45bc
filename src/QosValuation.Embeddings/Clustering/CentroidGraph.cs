using System.Runtime.InteropServices;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>The nearest of very many centroids that move, by a graph of copies of them.</summary>
/// <remarks>
/// <para>The graph holds a copy of each centroid as it was when it was added, and proposes the groups of the eight copies most similar to a vector. Their
/// centroids as they are now are then compared with it, in single precision, in the arithmetic of <see cref="PanelKernel"/>. So a cosine is always exact;
/// only who is compared is not.</para>
/// <para>A group waits outside the graph, and is compared with every vector, from when it is founded, and from when the cosine of its centroid to its copy
/// falls below 0.97. Where 256 groups wait, they are added, in the order in which they began to wait. An older copy stays, and still names its group.</para>
/// <para>All of that depends on the vectors and their order, not on blocks or threads.</para>
/// </remarks>
internal sealed unsafe class CentroidGraph
{
    /// <summary>How many groups wait at most.</summary>
    private const int MostWaiting = 256;

    // The copies that a search proposes.
    private const int Proposals = 8;

    // What was found enough for centroids in a plane of 32 or 64 dimensions.
    private const int AdditionWidth = 64;
    private const int SearchWidth = 48;

    private const float LeastLikeness = 0.97f;

    // One vector in so many is compared with all centroids, to measure the recall; a prime, so that it falls in with no period of the data.
    private const int SampleEvery = 997;

    private readonly int _dimension;
    private readonly int _threads;
    private readonly NeighbourGraph _graph;
    private readonly CentroidPanels _centroids;
    private readonly float[] _copy;
    private readonly float[] _centroid;

    // The group of each copy; of each group the latest copy or −1, its place among those that wait or −1, and the block that last moved it.
    private readonly List<int> _copies = [];
    private readonly List<Place> _places = [];
    private readonly CentroidPanels _waiting;
    private readonly List<int> _waitingGroups = [];
    private readonly AlignedFloats _products = new(MostWaiting + PanelKernel.Columns);
    private readonly AlignedFloats _vector;
    private readonly int[] _proposed = new int[LeaderClustering.BlockRows * Proposals];
    private readonly float[] _cosines = new float[LeaderClustering.BlockRows * Proposals];
    private int _block;

    private CentroidGraph(NeighbourGraph graph, CentroidPanels centroids, int dimension, int maximumThreads)
    {
        _graph = graph;
        _centroids = centroids;
        _dimension = dimension;
        _threads = maximumThreads < 0 ? Environment.ProcessorCount : Math.Min(maximumThreads, Environment.ProcessorCount);
        _copy = new float[dimension];
        _centroid = new float[dimension];
        _waiting = new CentroidPanels(dimension);
        _vector = new AlignedFloats(dimension);
    }

    /// <summary>Vectors searched for.</summary>
    public long Searched { get; private set; }

    /// <summary>Vectors that were compared with all centroids as well.</summary>
    public long Sampled { get; private set; }

    /// <summary>Of those sampled, the ones whose nearest group was found.</summary>
    public long Agreed { get; private set; }

    /// <summary>Of those sampled, the ones that joined or founded the group that they would have with all compared.</summary>
    public long Decided { get; private set; }

    /// <summary>Whether the next vector is to be compared with all centroids as well.</summary>
    public bool IsSampled => Searched % SampleEvery == 0;

    /// <summary>Makes a graph without copies.</summary>
    /// <returns>Null where there is no library for this platform.</returns>
    public static CentroidGraph? TryCreate(CentroidPanels centroids, int dimension, int maximumThreads) =>
        NeighbourGraph.TryCreate(dimension, AdditionWidth, SearchWidth) is { } graph ? new CentroidGraph(graph, centroids, dimension, maximumThreads) : null;

    /// <summary>Adds a copy of each centroid, in order of their groups.</summary>
    public void AddAll(CancellationToken cancellationToken)
    {
        for (int group = 0; group < _centroids.Count; group++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _places.Add(Place.None);
            AddCopy(group);
        }
    }

    /// <summary>Finds what the graph proposes for each vector of a block, and the cosines as they are before the block.</summary>
    public void Propose(float* vectors, int rows)
    {
        _block++;
        _graph.Prepare();
        if (_threads == 1 || rows == 1)
        {
            for (int row = 0; row < rows; row++)
            {
                ProposeRow(row);
            }
        }
        else
        {
            Parallel.For(0, rows, new ParallelOptions { MaxDegreeOfParallelism = _threads }, ProposeRow);
        }

        void ProposeRow(int row)
        {
            var vector = new ReadOnlySpan<float>(vectors + ((nint)row * _dimension), _dimension);
            Span<long> keys = stackalloc long[Proposals];
            Span<float> centroid = _dimension <= 2048 ? stackalloc float[_dimension] : new float[_dimension];
            int found = _graph.Search(vector, keys);
            for (int i = 0; i < Proposals; i++)
            {
                int group = i < found ? _copies[(int)keys[i]] : -1;
                _proposed[(row * Proposals) + i] = group;
                if (group >= 0)
                {
                    _cosines[(row * Proposals) + i] = Cosine(vector, group, centroid);
                }
            }
        }
    }

    /// <summary>The most similar of the groups proposed and of those that wait, by their centroids as they are now.</summary>
    public (float Cosine, int Group) Nearest(int row, ReadOnlySpan<float> vector)
    {
        (float cosine, int group) = (float.NegativeInfinity, -1);
        Span<Place> places = CollectionsMarshal.AsSpan(_places);
        for (int i = row * Proposals; i < (row + 1) * Proposals && _proposed[i] >= 0; i++)
        {
            Place place = places[_proposed[i]];
            if (place.Column < 0)
            {
                Take(place.Block == _block ? Cosine(vector, _proposed[i], _centroid) : _cosines[i], _proposed[i]);
            }
        }

        if (_waiting.Count > 0)
        {
            vector.CopyTo(new Span<float>(_vector.Pointer, _dimension));
            _waiting.Products(_vector.Pointer, _products.Pointer);
            for (int column = 0; column < _waiting.Count; column++)
            {
                Take(_products.Pointer[column], _waitingGroups[column]);
            }
        }

        return (cosine, group);

        void Take(float other, int its)
        {
            if (other > cosine || (other == cosine && its < group))
            {
                (cosine, group) = (other, its);
            }
        }
    }

    /// <summary>Counts a vector that was searched for.</summary>
    public void Count() => Searched++;

    /// <summary>Counts what a comparison with all centroids says of a search.</summary>
    /// <param name="agrees">Whether the nearest group is the same.</param>
    /// <param name="decides">Whether the vector goes to the same group.</param>
    public void Sample(bool agrees, bool decides)
    {
        Sampled++;
        Agreed += agrees ? 1 : 0;
        Decided += decides ? 1 : 0;
    }

    /// <summary>Takes note of a group that was founded.</summary>
    public void Founded(int group)
    {
        _places.Add(Place.None);
        Wait(group);
    }

    /// <summary>Takes note of a centroid that moved.</summary>
    public void Moved(int group)
    {
        ref Place place = ref CollectionsMarshal.AsSpan(_places)[group];
        place.Block = _block;
        if (place.Column >= 0)
        {
            _centroids.Read(group, _centroid);
            _waiting.Write(place.Column, _centroid);
            return;
        }

        if (place.Copy >= 0)
        {
            _graph.Read(place.Copy, _copy);
            if (Cosine(_copy, group, _centroid) >= LeastLikeness)
            {
                return;
            }
        }

        Wait(group);
    }

    /// <summary>Adds the groups that wait to the graph, where they are many.</summary>
    /// <returns>Whether they were: what was proposed is out of date then.</returns>
    public bool Settle()
    {
        if (_waiting.Count < MostWaiting)
        {
            return false;
        }

        foreach (int group in _waitingGroups)
        {
            CollectionsMarshal.AsSpan(_places)[group].Column = -1;
            AddCopy(group);
        }

        _waiting.Clear();
        _waitingGroups.Clear();
        return true;
    }

    /// <summary>Writes what the graph is made of.</summary>
    /// <param name="writer">Receives it.</param>
    /// <param name="isAlone">Whether a group has one vector, so that its copy is that.</param>
    public void Save(BinaryWriter writer, Func<int, bool> isAlone)
    {
        writer.Write(_copies.Count);
        for (int copy = 0; copy < _copies.Count; copy++)
        {
            writer.Write(_copies[copy]);
            if (!isAlone(_copies[copy]))
            {
                _graph.Read(copy, _copy);
                foreach (float component in _copy)
                {
                    // The graph keeps no more of it.
                    writer.Write((Half)component);
                }
            }
        }

        writer.Write(_waitingGroups.Count);
        foreach (int group in _waitingGroups)
        {
            writer.Write(group);
        }

        writer.Write(Searched);
        writer.Write(Sampled);
        writer.Write(Agreed);
        writer.Write(Decided);
    }

    /// <summary>Reads what <see cref="Save"/> wrote, and makes the same graph of it.</summary>
    public void Load(BinaryReader reader, Func<int, bool> isAlone, CancellationToken cancellationToken)
    {
        for (int group = 0; group < _centroids.Count; group++)
        {
            _places.Add(Place.None);
        }

        for (int left = reader.ReadCount(); left > 0; left--)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int group = Group();
            if (isAlone(group))
            {
                _centroids.Read(group, _copy);
            }
            else
            {
                for (int k = 0; k < _dimension; k++)
                {
                    _copy[k] = (float)reader.ReadHalf();
                }
            }

            Add(group, _copy);
        }

        for (int left = reader.ReadCount(); left > 0; left--)
        {
            int group = Group();
            if (_places[group].Column >= 0 || _waiting.Count >= MostWaiting)
            {
                throw new InvalidDataException("A group waits twice, or too many do.");
            }

            Wait(group);
        }

        Searched = reader.ReadInt64();
        Sampled = reader.ReadInt64();
        Agreed = reader.ReadInt64();
        Decided = reader.ReadInt64();

        int Group()
        {
            int group = reader.ReadInt32();
            return group >= 0 && group < _centroids.Count ? group : throw new InvalidDataException("A group is out of range.");
        }
    }

    private float Cosine(ReadOnlySpan<float> vector, int group, Span<float> centroid)
    {
        _centroids.Read(group, centroid);
        return PanelKernel.Reference(vector, centroid);
    }

    private void Wait(int group)
    {
        int column = _waiting.Append();
        _waitingGroups.Add(group);
        CollectionsMarshal.AsSpan(_places)[group].Column = column;
        _centroids.Read(group, _centroid);
        _waiting.Write(column, _centroid);
    }

    private void AddCopy(int group)
    {
        _centroids.Read(group, _centroid);
        Add(group, _centroid);
    }

    private void Add(int group, ReadOnlySpan<float> vector)
    {
        _graph.Add(_copies.Count, vector);
        CollectionsMarshal.AsSpan(_places)[group].Copy = _copies.Count;
        _copies.Add(group);
    }

    private struct Place
    {
        public static Place None => new() { Copy = -1, Column = -1 };

        public int Copy;
        public int Column;
        public int Block;
    }
}
