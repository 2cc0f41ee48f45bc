using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cloud.Unum.USearch;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// USearch's graph of nearest neighbours by the cosine (HNSW, Malkov and Yashunin 2018), in half precision. USearch has no library for some platforms.
/// </summary>
/// <remarks>
/// The graph depends on the vectors and their order alone, on processors of one kind: neither on searches between the additions nor on the number of
/// threads. USearch gives every addition the next of as many generators as there are cores; here all take the first. Searches may run side by side, up to
/// one a core; nothing may be added meanwhile.
/// </remarks>
public sealed unsafe partial class NeighbourGraph
{
    private const string Library = "libusearch_c";
    private const nuint Connectivity = 16;
    private const nuint SmallestCapacity = 1024;

    private nint _index;
    private nuint _capacity;
    private bool _canSearch;

    private NeighbourGraph(nint index) => _index = index;

    /// <summary>Frees the graph where <see cref="Free"/> was not called.</summary>
    ~NeighbourGraph() => Free();

    /// <summary>The number of vectors.</summary>
    public long Count
    {
        get
        {
            nuint count = NativeSize(_index, out nint error);
            Check(error);
            GC.KeepAlive(this);
            return (long)count;
        }
    }

    /// <summary>The length of the vectors.</summary>
    public int Dimension
    {
        get
        {
            nuint dimension = NativeDimensions(_index, out nint error);
            Check(error);
            GC.KeepAlive(this);
            return (int)dimension;
        }
    }

    /// <summary>Makes a graph without vectors.</summary>
    /// <param name="dimension">The length of the vectors.</param>
    /// <param name="additionWidth">How many candidates are kept while a vector is added (efConstruction): more find better neighbours, and take longer.</param>
    /// <param name="searchWidth">How many are kept while one is searched for (ef), at least as many as are to be found.</param>
    /// <returns>The graph; null where there is no library for this platform, or it does not load.</returns>
    public static NeighbourGraph? TryCreate(int dimension, int additionWidth = 128, int searchWidth = 128)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(additionWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(searchWidth);
        return TryMake(new Options
        {
            Metric = MetricKind.Cos,
            Scalar = ScalarKind.Float16,
            Dimensions = (nuint)dimension,
            Connectivity = Connectivity,
            ExpansionAdd = (nuint)additionWidth,
            ExpansionSearch = (nuint)searchWidth,
        });
    }

    /// <summary>Maps a saved graph into memory, to be searched. The library trusts every byte of it.</summary>
    /// <param name="path">A file that <see cref="Save"/> wrote.</param>
    /// <returns>The graph; null where there is no library for this platform, or it does not load.</returns>
    /// <exception cref="InvalidDataException">The file is no graph.</exception>
    public static NeighbourGraph? TryView(string path)
    {
        NeighbourGraph? graph = TryMake(default);
        if (graph is null)
        {
            return null;
        }

        NativeView(graph._index, path, out nint error);
        if (error != 0)
        {
            graph.Free();
            throw new InvalidDataException(Message(error));
        }

        return graph;
    }

    /// <summary>Adds a vector. O(d·log n).</summary>
    /// <param name="key">A number that was not used yet.</param>
    /// <param name="vector">The components.</param>
    public void Add(long key, ReadOnlySpan<float> vector)
    {
        var count = (nuint)Count;
        nint error;
        if (count == _capacity)
        {
            _capacity = nuint.Max(SmallestCapacity, 2 * _capacity);
            NativeReserve(_index, _capacity, out error);
            Check(error);
            AllowThreads();
        }

        // To reserve what there is begins the round of the generators anew.
        NativeReserve(_index, _capacity, out error);
        Check(error);
        _canSearch = false;
        fixed (float* components = vector)
        {
            NativeAdd(_index, (ulong)key, components, ScalarKind.Float32, out error);
        }

        Check(error);
        GC.KeepAlive(this);
    }

    /// <summary>Makes the graph ready for searches on several threads after additions.</summary>
    public void Prepare()
    {
        if (!_canSearch)
        {
            AllowThreads();
            _canSearch = true;
        }
    }

    /// <summary>Finds vectors near another, the most similar first; most of the time the nearest of all are among them. O(d·log n).</summary>
    /// <param name="vector">The components.</param>
    /// <param name="keys">Receives the keys of at most as many as it is long.</param>
    /// <returns>How many were found.</returns>
    public int Search(ReadOnlySpan<float> vector, Span<long> keys)
    {
        float* distances = stackalloc float[keys.Length];
        nint error;
        nuint found;
        fixed (float* components = vector)
        fixed (long* found0 = keys)
        {
            found = NativeSearch(_index, components, ScalarKind.Float32, (nuint)keys.Length, (ulong*)found0, distances, out error);
        }

        Check(error);
        GC.KeepAlive(this);
        return (int)found;
    }

    /// <summary>Reads a vector as the graph keeps it: each component rounded to half precision. O(d).</summary>
    /// <param name="key">The vector's number.</param>
    /// <param name="vector">Receives the components.</param>
    public void Read(long key, Span<float> vector)
    {
        nint error;
        nuint found;
        fixed (float* components = vector)
        {
            found = NativeGet(_index, (ulong)key, 1, components, ScalarKind.Float32, out error);
        }

        Check(error);
        GC.KeepAlive(this);
        if (found != 1)
        {
            throw new ArgumentOutOfRangeException(nameof(key), key, "No vector of the graph has this number.");
        }
    }

    /// <summary>Saves the graph.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file could not be written.</exception>
    public void Save(string path)
    {
        NativeSave(_index, path, out nint error);
        GC.KeepAlive(this);
        if (error != 0)
        {
            throw new IOException(Message(error));
        }
    }

    /// <summary>Gives the graph's memory back; it cannot be used any more.</summary>
    public void Free()
    {
        nint index = Interlocked.Exchange(ref _index, 0);
        if (index != 0)
        {
            NativeFree(index, out _);
        }
    }

    private static NeighbourGraph? TryMake(Options options)
    {
        try
        {
            nint index = NativeInit(&options, out nint error);
            Check(error);
            return new NeighbourGraph(index);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    private void AllowThreads()
    {
        ChangeThreadsSearch(_index, (nuint)Environment.ProcessorCount, out nint error);
        Check(error);
    }

    private static void Check(nint error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException(Message(error));
        }
    }

    private static string Message(nint error) => Marshal.PtrToStringUTF8(error) ?? "unknown";

    [LibraryImport(Library, EntryPoint = "usearch_init")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial nint NativeInit(Options* options, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_free")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial void NativeFree(nint index, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_size")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial nuint NativeSize(nint index, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_dimensions")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial nuint NativeDimensions(nint index, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_reserve")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial void NativeReserve(nint index, nuint capacity, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_change_threads_search")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial void ChangeThreadsSearch(nint index, nuint threads, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_add")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial void NativeAdd(nint index, ulong key, float* vector, ScalarKind kind, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_search")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial nuint NativeSearch(nint index, float* query, ScalarKind kind, nuint count, ulong* keys, float* distances, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_get")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial nuint NativeGet(nint index, ulong key, nuint count, float* vector, ScalarKind kind, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_save", StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial void NativeSave(nint index, string path, out nint error);

    [LibraryImport(Library, EntryPoint = "usearch_view", StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial void NativeView(nint index, string path, out nint error);

    // usearch_init_options_t of the library's header.
    [StructLayout(LayoutKind.Sequential)]
    private struct Options
    {
        public MetricKind Metric;
        public nint CustomMetric;
        public ScalarKind Scalar;
        public nuint Dimensions;
        public nuint Connectivity;
        public nuint ExpansionAdd;
        public nuint ExpansionSearch;
        public byte Multi;
    }
}
