using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>
/// A run's state on its way to a checkpoint or back: writing and reading walk the same parts, so that they cannot drift apart. Numbers are
/// little-endian, bit for bit.
/// </summary>
public sealed class FederatedState
{
    private readonly BinaryWriter? _writer;
    private readonly BinaryReader? _reader;

    /// <summary>A state that is written.</summary>
    /// <param name="writer">Takes the parts.</param>
    public FederatedState(BinaryWriter writer) => _writer = writer;

    /// <summary>A state that is read.</summary>
    /// <param name="reader">Gives the parts.</param>
    public FederatedState(BinaryReader reader) => _reader = reader;

    /// <summary>Writes or reads rows of parameters.</summary>
    /// <param name="parameters">The rows.</param>
    public void Visit(ParameterMatrix parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        for (int i = 0; i < parameters.Count; i++)
        {
            Visit(parameters[i]);
        }
    }

    /// <summary>Writes or reads a matrix.</summary>
    /// <param name="matrix">The matrix.</param>
    public void Visit(SquareMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        Visit(matrix.Values.AsSpan());
    }

    /// <summary>Writes or reads numbers in their places.</summary>
    /// <typeparam name="T">Their type, of one to eight bytes.</typeparam>
    /// <param name="numbers">The numbers.</param>
    public void Visit<T>(Span<T> numbers)
        where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(numbers);
        if (_reader is not null)
        {
            ReadWhole(_reader, bytes);
            Turn<T>(bytes);
            return;
        }

        Turn<T>(bytes);
        _writer!.Write(bytes);
        Turn<T>(bytes);
    }

    private static void ReadWhole(BinaryReader reader, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count = reader.Read(bytes);
            bytes = count > 0 ? bytes[count..] : throw new EndOfStreamException();
        }
    }

    private static void Turn<T>(Span<byte> bytes)
        where T : unmanaged
    {
        for (int start = 0; !BitConverter.IsLittleEndian && start < bytes.Length; start += Unsafe.SizeOf<T>())
        {
            bytes.Slice(start, Unsafe.SizeOf<T>()).Reverse();
        }
    }
}
