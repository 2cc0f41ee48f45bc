using System.Runtime.CompilerServices;
using Microsoft.ML.OnnxRuntime;

namespace QosValuation.Embeddings.Encoding;

/// <summary>A pinned array that ONNX Runtime reads or writes in place. Views of the same shape are made once.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <param name="length">The number of elements; zero at first.</param>
internal sealed class TensorBuffer<T>(int length) : IDisposable
    where T : unmanaged
{
    private readonly T[] _elements = GC.AllocateArray<T>(length, pinned: true);
    private OrtValue? _view;
    private (int Offset, long A, long B, long C, long D) _viewKey;

    /// <summary>The elements.</summary>
    public Span<T> Span => _elements;

    /// <summary>A tensor of two dimensions over a part of the array; valid until the next call.</summary>
    /// <param name="offset">Its first element.</param>
    /// <param name="rows">The first extent.</param>
    /// <param name="columns">The second extent.</param>
    /// <returns>The tensor, owned by the buffer.</returns>
    public OrtValue View(int offset, int rows, int columns) =>
        IsCurrent((offset, rows, columns, 0, 0)) ? _view! : Create(offset, rows * columns, [rows, columns]);

    /// <summary>A tensor of four dimensions over a part of the array; valid until the next call.</summary>
    /// <param name="offset">Its first element.</param>
    /// <param name="items">The first extent.</param>
    /// <param name="channels">The second extent.</param>
    /// <param name="side">The third and the fourth.</param>
    /// <returns>The tensor, owned by the buffer.</returns>
    public OrtValue View(int offset, int items, int channels, int side) =>
        IsCurrent((offset, items, channels, side, side)) ? _view! : Create(offset, items * channels * side * side, [items, channels, side, side]);

    /// <summary>A tensor of three dimensions over a part of the array; valid until the next call.</summary>
    /// <param name="rows">The first extent.</param>
    /// <param name="columns">The second extent.</param>
    /// <param name="depth">The third extent.</param>
    /// <returns>The tensor, owned by the buffer; it begins at the first element.</returns>
    public OrtValue ViewCube(int rows, int columns, int depth) =>
        IsCurrent((0, rows, columns, depth, 0)) ? _view! : Create(0, rows * columns * depth, [rows, columns, depth]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _view?.Dispose();
        _view = null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsCurrent((int, long, long, long, long) key)
    {
        bool isCurrent = _view is not null && _viewKey == key;
        _viewKey = key;
        return isCurrent;
    }

    private OrtValue Create(int offset, int count, long[] shape)
    {
        _view?.Dispose();
        _view = null;
        return _view = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _elements.AsMemory(offset, count), shape);
    }
}
