using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Text;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>The buffers of one run: prepared items in, raw embeddings out. Filled by several threads, run by one.</summary>
internal abstract class EncoderBatch : IDisposable
{
    private readonly EncoderDescription _encoder;
    private readonly TensorBuffer<float>? _output;
    private readonly TensorBuffer<Float16>? _halfOutput;
    private readonly float[] _vectors;

    /// <summary>Allocates the output.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="capacity">The most items of a run.</param>
    protected EncoderBatch(EncoderDescription encoder, int capacity)
    {
        _encoder = encoder;
        Capacity = capacity;
        int step = Math.Max(1, encoder.FixedBatch);
        PaddedCapacity = checked((capacity + step - 1) / step * step);
        int length = checked(PaddedCapacity * encoder.Dimension);
        if (encoder is TextEncoderDescription { Pooling: not TextPooling.None })
        {
            _vectors = new float[length];
            return;
        }

        if (encoder.OutputType == TensorElementType.Float16)
        {
            _halfOutput = new TensorBuffer<Float16>(length);
            _vectors = new float[length];
        }
        else
        {
            _output = new TensorBuffer<float>(length);
            _vectors = [];
        }
    }

    /// <summary>The most items of a run.</summary>
    public int Capacity { get; }

    /// <summary>The capacity, rounded up to a multiple of what the graph is fixed to.</summary>
    protected int PaddedCapacity { get; }

    /// <summary>The embedding of an item as the last run left it, before normalisation.</summary>
    /// <param name="slot">The item.</param>
    /// <returns>As many numbers as the dimension.</returns>
    public ReadOnlySpan<float> Vector(int slot) => Writable(slot);

    /// <summary>The place of an item's embedding.</summary>
    /// <param name="slot">The item.</param>
    /// <returns>As many numbers as the dimension.</returns>
    protected Span<float> Writable(int slot) => (_output is null ? _vectors : _output.Span).Slice(slot * _encoder.Dimension, _encoder.Dimension);

    /// <summary>Puts a neutral item into a slot, so that the others of the batch do not notice that its item failed.</summary>
    /// <param name="slot">The slot.</param>
    public abstract void Clear(int slot);

    /// <summary>The most items that are worth feeding at once; 0 for all of them. Ignored where the graph takes a fixed number of items.</summary>
    public int PreferredRun { get; set; }

    /// <summary>
    /// The fewest items that are fed at once where the buffers have room. The vectors of an item are the same to the bit in runs of any number of items but
    /// one, for which ONNX Runtime multiplies a vector in place of a matrix and adds in another order: a second, neutral item keeps what is embedded in
    /// parts equal to what is embedded at once.
    /// </summary>
    protected virtual int LeastRun => 1;

    /// <summary>Runs the encoder over the first items.</summary>
    /// <param name="session">The encoder's session.</param>
    /// <param name="count">The number of items, from 1 to <see cref="Capacity"/>.</param>
    /// <param name="run">Ends the run from another thread.</param>
    public void Run(EncoderSession session, int count, RunOptions run)
    {
        int most = _encoder.FixedBatch > 0 ? _encoder.FixedBatch : PreferredRun > 0 ? PreferredRun : count;
        for (int first = 0; first < count; first += most)
        {
            int step = _encoder.FixedBatch > 0 ? most : Math.Min(Math.Max(Math.Min(most, count - first), LeastRun), PaddedCapacity - first);
            OrtValue? output = _output?.View(first * _encoder.Dimension, step, _encoder.Dimension)
                ?? _halfOutput?.View(first * _encoder.Dimension, step, _encoder.Dimension);
            Run(session, first, step, count, output, run);
        }

        if (_halfOutput is not null)
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<Float16, Half>(_halfOutput.Span), _vectors);
        }
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        _output?.Dispose();
        _halfOutput?.Dispose();
    }

    /// <summary>Runs the encoder over some items.</summary>
    /// <param name="session">The encoder's session.</param>
    /// <param name="first">The first item.</param>
    /// <param name="step">The number of items to feed; those from <paramref name="count"/> on are padding.</param>
    /// <param name="count">The number of items of the whole batch.</param>
    /// <param name="output">Receives the embeddings; null where the vectors of tokens are pooled here.</param>
    /// <param name="run">Ends the run from another thread.</param>
    protected abstract void Run(EncoderSession session, int first, int step, int count, OrtValue? output, RunOptions run);

    /// <summary>The output's name.</summary>
    protected string OutputName => _encoder.OutputName;
}

/// <summary>A batch of images.</summary>
internal sealed class ImageBatch : EncoderBatch
{
    private readonly VisionEncoderDescription _encoder;
    private readonly TensorBuffer<float>? _pixels;
    private readonly TensorBuffer<Float16>? _halfPixels;
    private readonly string[] _names;
    private readonly OrtValue[] _values = new OrtValue[1];
    private readonly int _slotLength;

    /// <summary>Allocates a batch.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="capacity">The most images of a run.</param>
    public ImageBatch(VisionEncoderDescription encoder, int capacity) : base(encoder, capacity)
    {
        _encoder = encoder;
        _names = [encoder.PixelInput];
        _slotLength = checked(3 * encoder.Preprocessing.ImageSize * encoder.Preprocessing.ImageSize);
        int length = checked(PaddedCapacity * _slotLength);
        if (encoder.PixelType == TensorElementType.Float16)
        {
            _halfPixels = new TensorBuffer<Float16>(length);
        }
        else
        {
            _pixels = new TensorBuffer<float>(length);
        }
    }

    /// <summary>Decodes an image into a slot. Slots may be filled by several threads at once.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="preprocessor">Decodes and normalises.</param>
    /// <param name="path">The image file.</param>
    /// <param name="content">Its bytes where they were read already; empty to read them now.</param>
    /// <exception cref="QosValuationException"><c>ImageNotFound</c>, <c>ImageNotReadable</c>, <c>ImageTooLarge</c>.</exception>
    public void Fill(int slot, ImagePreprocessor preprocessor, string path, ReadOnlySpan<byte> content = default)
    {
        if (_pixels is not null)
        {
            Decode(preprocessor, path, content, _pixels.Span.Slice(slot * _slotLength, _slotLength));
            return;
        }

        float[] pixels = ArrayPool<float>.Shared.Rent(_slotLength);
        try
        {
            Decode(preprocessor, path, content, pixels.AsSpan(0, _slotLength));
            Fill(slot, pixels.AsSpan(0, _slotLength));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(pixels);
        }
    }

    /// <summary>Copies ready pixels into a slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="pixels">3 × size × size normalised pixels: the red plane, the green, the blue.</param>
    public void Fill(int slot, ReadOnlySpan<float> pixels)
    {
        if (_pixels is not null)
        {
            pixels.CopyTo(_pixels.Span.Slice(slot * _slotLength, _slotLength));
        }
        else
        {
            TensorPrimitives.ConvertToHalf(pixels, MemoryMarshal.Cast<Float16, Half>(_halfPixels!.Span.Slice(slot * _slotLength, _slotLength)));
        }
    }

    /// <inheritdoc/>
    public override void Clear(int slot)
    {
        _pixels?.Span.Slice(slot * _slotLength, _slotLength).Clear();
        _halfPixels?.Span.Slice(slot * _slotLength, _slotLength).Clear();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _pixels?.Dispose();
        _halfPixels?.Dispose();
    }

    /// <inheritdoc/>
    protected override void Run(EncoderSession session, int first, int step, int count, OrtValue? output, RunOptions run)
    {
        int side = _encoder.Preprocessing.ImageSize;
        _values[0] = _pixels is null ? _halfPixels!.View(first * _slotLength, step, 3, side) : _pixels.View(first * _slotLength, step, 3, side);
        session.Run(_names, _values, OutputName, output!, run);
    }

    private static void Decode(ImagePreprocessor preprocessor, string path, ReadOnlySpan<byte> content, Span<float> pixels)
    {
        if (content.IsEmpty)
        {
            preprocessor.Preprocess(path, pixels);
        }
        else
        {
            preprocessor.Preprocess(content, path, pixels);
        }
    }
}

/// <summary>A batch of token sequences.</summary>
internal sealed class TextBatch : EncoderBatch
{
    private const int LengthStep = 8;
    private const int TextsPerPooledRun = 32;

    private readonly TextEncoderDescription _encoder;
    private readonly int[] _ids;
    private readonly int[] _lengths;
    private readonly IdTensor _idTensor;
    private readonly IdTensor? _maskTensor;
    private readonly IdTensor? _positionTensor;
    private readonly IdTensor? _segmentTensor;
    private readonly string[] _names;
    private readonly OrtValue[] _values;
    private readonly TokenTensor? _tokens;

    /// <summary>Allocates a batch.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="capacity">The most texts of a run.</param>
    public TextBatch(TextEncoderDescription encoder, int capacity) : base(encoder, capacity)
    {
        _encoder = encoder;
        int length = checked(PaddedCapacity * encoder.ContextLength);
        _ids = new int[length];
        _lengths = new int[PaddedCapacity];
        _idTensor = new IdTensor(encoder.IdInput, length);
        _maskTensor = encoder.MaskInput is { } mask ? new IdTensor(mask, length) : null;
        _positionTensor = encoder.PositionInput is { } positions ? new IdTensor(positions, length) : null;
        _segmentTensor = encoder.SegmentInput is { } segments ? new IdTensor(segments, length) : null;
        _names = [.. Tensors.Select(tensor => tensor.Name)];
        _values = new OrtValue[_names.Length];
        if (encoder.Pooling != TextPooling.None)
        {
            // The vectors of tokens take much memory: few texts at a time, of the width that they need.
            PreferredRun = TextsPerPooledRun;
            _tokens = new TokenTensor(encoder);
        }
    }

    /// <inheritdoc/>
    protected override int LeastRun => 2;

    /// <summary>Whether positions beyond the longest text of a run may be left out.</summary>
    public bool TrimsPadding { get; set; }

    private IEnumerable<IdTensor> Tensors =>
        ((IdTensor?[])[_idTensor, _maskTensor, _positionTensor, _segmentTensor]).OfType<IdTensor>();

    /// <summary>Encodes a text into a slot. Slots may be filled by several threads at once.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="text">The text.</param>
    /// <returns>Whether the text was longer than the context and lost its end.</returns>
    public bool Fill(int slot, ITextTokenizer tokenizer, string text)
    {
        int context = _encoder.ContextLength;
        _lengths[slot] = tokenizer.EncodePadded(text, context, _ids.AsSpan(slot * context, context), out bool isTruncated);
        return isTruncated;
    }

    /// <summary>Copies ready token ids into a slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="ids">As many ids as the context is long, padded.</param>
    /// <param name="length">The number of positions that are not padding.</param>
    public void Fill(int slot, ReadOnlySpan<int> ids, int length)
    {
        ids.CopyTo(_ids.AsSpan(slot * _encoder.ContextLength, _encoder.ContextLength));
        _lengths[slot] = length;
    }

    /// <inheritdoc/>
    public override void Clear(int slot)
    {
        _ids.AsSpan(slot * _encoder.ContextLength, _encoder.ContextLength).Clear();
        _lengths[slot] = 1;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _tokens?.Dispose();
        foreach (IdTensor tensor in Tensors)
        {
            tensor.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void Run(EncoderSession session, int first, int step, int count, OrtValue? output, RunOptions run)
    {
        for (int slot = count; slot < first + step; slot++)
        {
            Clear(slot);
        }

        int context = _encoder.ContextLength;
        int width = context;
        if (TrimsPadding && !_encoder.IsLengthFixed)
        {
            int longest = 1;
            foreach (int length in _lengths.AsSpan(first, step))
            {
                longest = Math.Max(longest, length);
            }

            // Few different shapes, so that ONNX Runtime can reuse its memory plans.
            width = Math.Min(context, (longest + LengthStep - 1) / LengthStep * LengthStep);
        }

        for (int row = 0; row < step; row++)
        {
            int slot = first + row;
            _idTensor.WriteRow(row, _ids.AsSpan(slot * context, width));
            _maskTensor?.WriteMaskRow(row, width, _lengths[slot]);
            _positionTensor?.WritePositionRow(row, width);
        }

        int at = 0;
        foreach (IdTensor tensor in Tensors)
        {
            _values[at++] = tensor.View(step, width);
        }

        if (_tokens is null)
        {
            session.Run(_names, _values, OutputName, output!, run);
            return;
        }

        session.Run(_names, _values, OutputName, _tokens.View(step, width), run);
        ReadOnlySpan<float> tokens = _tokens.Read(step * width);
        int stride = width * _encoder.Dimension;
        for (int row = 0; row < Math.Min(step, count - first); row++)
        {
            TokenPooler.Pool(tokens.Slice(row * stride, stride), _lengths[first + row], _encoder.Pooling, Writable(first + row));
        }
    }

    /// <summary>The vectors of the tokens of a run, in the type that the graph gives; the memory grows to what the longest texts need.</summary>
    private sealed class TokenTensor(TextEncoderDescription encoder) : IDisposable
    {
        private readonly int _dimension = encoder.Dimension;
        private readonly bool _isHalf = encoder.OutputType == TensorElementType.Float16;
        private TensorBuffer<float>? _floats;
        private TensorBuffer<Float16>? _halves;
        private float[] _converted = [];

        public OrtValue View(int rows, int width)
        {
            int length = checked(rows * width * _dimension);
            if (length > (_isHalf ? _halves?.Span.Length ?? 0 : _floats?.Span.Length ?? 0))
            {
                Dispose();
                _floats = _isHalf ? null : new TensorBuffer<float>(length);
                _halves = _isHalf ? new TensorBuffer<Float16>(length) : null;
                _converted = _isHalf ? new float[length] : [];
            }

            return _floats?.ViewCube(rows, width, _dimension) ?? _halves!.ViewCube(rows, width, _dimension);
        }

        public ReadOnlySpan<float> Read(int tokens)
        {
            if (_floats is not null)
            {
                return _floats.Span[..(tokens * _dimension)];
            }

            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<Float16, Half>(_halves!.Span[..(tokens * _dimension)]), _converted);
            return _converted;
        }

        public void Dispose()
        {
            _floats?.Dispose();
            _halves?.Dispose();
        }
    }

    /// <summary>A tensor of small whole numbers in whatever type the graph wants.</summary>
    private sealed class IdTensor : IDisposable
    {
        private readonly TensorBuffer<long>? _longs;
        private readonly TensorBuffer<int>? _ints;
        private readonly TensorBuffer<bool>? _bools;
        private readonly TensorBuffer<float>? _floats;
        private readonly TensorBuffer<Float16>? _halves;

        public IdTensor(OnnxValue input, int length)
        {
            Name = input.Name;
            switch (input.ElementType)
            {
                case TensorElementType.Int64:
                    _longs = new TensorBuffer<long>(length);
                    break;
                case TensorElementType.Int32:
                    _ints = new TensorBuffer<int>(length);
                    break;
                case TensorElementType.Bool:
                    _bools = new TensorBuffer<bool>(length);
                    break;
                case TensorElementType.Float16:
                    _halves = new TensorBuffer<Float16>(length);
                    break;
                default:
                    _floats = new TensorBuffer<float>(length);
                    break;
            }
        }

        public string Name { get; }

        public void WriteRow(int row, ReadOnlySpan<int> numbers)
        {
            int offset = row * numbers.Length;
            for (int i = 0; i < numbers.Length; i++)
            {
                Write(offset + i, numbers[i]);
            }
        }

        public void WriteMaskRow(int row, int width, int length)
        {
            for (int i = 0; i < width; i++)
            {
                Write(row * width + i, i < length ? 1 : 0);
            }
        }

        public void WritePositionRow(int row, int width)
        {
            for (int i = 0; i < width; i++)
            {
                Write(row * width + i, i);
            }
        }

        public OrtValue View(int rows, int width) =>
            _longs is not null ? _longs.View(0, rows, width)
            : _ints is not null ? _ints.View(0, rows, width)
            : _bools is not null ? _bools.View(0, rows, width)
            : _halves is not null ? _halves.View(0, rows, width)
            : _floats!.View(0, rows, width);

        public void Dispose()
        {
            _longs?.Dispose();
            _ints?.Dispose();
            _bools?.Dispose();
            _floats?.Dispose();
            _halves?.Dispose();
        }

        private void Write(int at, int number)
        {
            if (_longs is not null)
            {
                _longs.Span[at] = number;
            }
            else if (_ints is not null)
            {
                _ints.Span[at] = number;
            }
            else if (_bools is not null)
            {
                _bools.Span[at] = number != 0;
            }
            else if (_halves is not null)
            {
                _halves.Span[at] = (Float16)(float)number;
            }
            else
            {
                _floats!.Span[at] = number;
            }
        }
    }
}
