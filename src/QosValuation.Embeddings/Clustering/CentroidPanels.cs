using QosValuation.Foundation.Numerics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// A growable set of vectors in panels of <see cref="PanelKernel.Columns"/>, component by component, as
/// <see cref="PanelKernel"/> reads them.
/// </summary>
internal sealed unsafe class CentroidPanels(int dimension)
{
    private readonly List<AlignedFloats> _panels = [];

    /// <summary>The number of vectors.</summary>
    public int Count { get; private set; }

    /// <summary>The number of panels that hold vectors.</summary>
    public int PanelCount => (Count + PanelKernel.Columns - 1) / PanelKernel.Columns;

    /// <summary>The memory of a panel; the places past <see cref="Count"/> hold zeros or old vectors.</summary>
    /// <param name="index">From 0 to <see cref="PanelCount"/> − 1.</param>
    /// <returns>The first component of its first vector.</returns>
    public float* Panel(int index) => _panels[index].Pointer;

    /// <summary>Where component 0 of a vector is; component k lies <see cref="PanelKernel.Columns"/>·k further.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <returns>The component's place.</returns>
    public float* Column(int index) => _panels[index / PanelKernel.Columns].Pointer + (index % PanelKernel.Columns);

    /// <summary>Makes room for a vector at the end.</summary>
    /// <returns>Its index; its components are not set.</returns>
    public int Append()
    {
        if (Count == _panels.Count * PanelKernel.Columns)
        {
            _panels.Add(new AlignedFloats(PanelKernel.Columns * dimension));
        }

        return Count++;
    }

    /// <summary>Forgets all vectors and keeps the memory.</summary>
    public void Clear() => Count = 0;

    /// <summary>Writes a vector. O(d).</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <param name="vector">The components.</param>
    public void Write(int index, ReadOnlySpan<float> vector)
    {
        float* column = Column(index);
        foreach (float component in vector)
        {
            *column = component;
            column += PanelKernel.Columns;
        }
    }

    /// <summary>Reads a vector. O(d).</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <param name="destination">Receives the components.</param>
    public void Read(int index, Span<float> destination)
    {
        float* column = Column(index);
        for (int k = 0; k < destination.Length; k++)
        {
            destination[k] = *column;
            column += PanelKernel.Columns;
        }
    }

    /// <summary>The inner products of one vector with all of them, in whole panels. O(count·d).</summary>
    /// <param name="vector">The components.</param>
    /// <param name="products">Receives <see cref="PanelCount"/> panels of products.</param>
    public void Products(float* vector, float* products)
    {
        for (int panel = 0; panel < PanelCount; panel++)
        {
            PanelKernel.Row(vector, Panel(panel), dimension, products + ((nint)panel * PanelKernel.Columns));
        }
    }
}
