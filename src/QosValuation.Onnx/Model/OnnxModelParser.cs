using Google.Protobuf;

namespace QosValuation.Onnx.Model;

/// <summary>
/// Turns an ONNX file into messages, field by field, so that the numbers of its tensors can be stepped over. Every other field is
/// left to the generated parsers.
/// </summary>
/// <param name="file">The open file.</param>
/// <param name="weights">Whether values are wanted.</param>
internal sealed class OnnxModelParser(FileStream file, OnnxWeights weights)
{
    /// <summary>Initialisers of up to this many bytes are read; larger ones stay in the file.</summary>
    private const int InlineLimit = 16 * 1024;

    /// <summary>The longest name, in bytes.</summary>
    private const int LongestName = 1 << 16;

    /// <summary>The longest field that is read, in bytes.</summary>
    private const int LongestField = 1 << 30;

    /// <summary>Graphs within the nodes of graphs, as in If and Loop, may be this deep.</summary>
    private const int DeepestGraph = 16;

    private readonly WireReader _wire = new(file);
    private readonly List<TensorProto> _external = [];
    private readonly List<TensorProto> _own = [];
    private int _depth;

    /// <summary>Reads a field that this parser walks itself.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="end">The offset of its end.</param>
    /// <returns>Adds what was read to the message; null for every other field.</returns>
    private delegate Action<T>? ChildReader<T>(int field, long end);

    /// <summary>The tensors whose bytes lie in other files.</summary>
    public IReadOnlyList<TensorProto> ExternalTensors => _external;

    /// <summary>The initialisers that refer to their own bytes in the model file.</summary>
    public IReadOnlyList<TensorProto> OwnTensors => _own;

    /// <summary>Reads the whole file.</summary>
    /// <returns>The model.</returns>
    /// <exception cref="InvalidDataException">The file is damaged, or holds no graph or two.</exception>
    /// <exception cref="InvalidProtocolBufferException">A part of it is damaged.</exception>
    public ModelProto ReadModel()
    {
        bool found = false;
        ModelProto model = Read(file.Length, ModelProto.Parser, OnnxFields.Model, (field, end) =>
        {
            switch (field)
            {
                case ModelProto.GraphFieldNumber:
                    // Parsers differ on what a second one means, so what is checked might not be what runs.
                    GraphProto graph = found ? throw new InvalidDataException("it holds two graphs") : ReadGraph(end);
                    found = true;
                    return model => model.Graph = graph;
                case ModelProto.FunctionsFieldNumber:
                    FunctionProto function = ReadFunction(end);
                    return model => model.Functions.Add(function);
                default:
                    return null;
            }
        });
        return found ? model : throw new InvalidDataException("it holds no graph");
    }

    private GraphProto ReadGraph(long end)
    {
        if (++_depth > DeepestGraph)
        {
            throw new InvalidDataException($"its graphs are nested more than {DeepestGraph} deep");
        }

        GraphProto graph = Read<GraphProto>(end, GraphProto.Parser, OnnxFields.Graph, (field, childEnd) =>
        {
            switch (field)
            {
                case GraphProto.NodeFieldNumber:
                    NodeProto node = ReadNode(childEnd);
                    return graph => graph.Node.Add(node);
                case GraphProto.InitializerFieldNumber:
                    TensorProto tensor = ReadTensor(childEnd, mayRefer: _depth == 1);
                    return graph => graph.Initializer.Add(tensor);
                case GraphProto.SparseInitializerFieldNumber:
                    SparseTensorProto sparse = ReadSparse(childEnd);
                    return graph => graph.SparseInitializer.Add(sparse);
                default:
                    return null;
            }
        });
        _depth--;
        return graph;
    }

    private FunctionProto ReadFunction(long end) => Read<FunctionProto>(end, FunctionProto.Parser, OnnxFields.Function, (field, childEnd) =>
    {
        switch (field)
        {
            case FunctionProto.NodeFieldNumber:
                NodeProto node = ReadNode(childEnd);
                return function => function.Node.Add(node);
            case FunctionProto.AttributeProtoFieldNumber:
                AttributeProto attribute = ReadAttribute(childEnd);
                return function => function.AttributeProto.Add(attribute);
            default:
                return null;
        }
    });

    private NodeProto ReadNode(long end) => Read<NodeProto>(end, NodeProto.Parser, OnnxFields.Node, (field, childEnd) =>
    {
        if (field != NodeProto.AttributeFieldNumber)
        {
            return null;
        }

        AttributeProto attribute = ReadAttribute(childEnd);
        return node => node.Attribute.Add(attribute);
    });

    private AttributeProto ReadAttribute(long end) => Read<AttributeProto>(end, AttributeProto.Parser, OnnxFields.Attribute, (field, childEnd) =>
    {
        switch (field)
        {
            case AttributeProto.TFieldNumber:
                TensorProto tensor = ReadTensor(childEnd, mayRefer: false);
                return attribute => attribute.T = attribute.T is null ? tensor : throw Twice();
            case AttributeProto.TensorsFieldNumber:
                TensorProto element = ReadTensor(childEnd, mayRefer: false);
                return attribute => attribute.Tensors.Add(element);
            case AttributeProto.GFieldNumber:
                GraphProto graph = ReadGraph(childEnd);
                return attribute => attribute.G = attribute.G is null ? graph : throw Twice();
            case AttributeProto.GraphsFieldNumber:
                GraphProto body = ReadGraph(childEnd);
                return attribute => attribute.Graphs.Add(body);
            case AttributeProto.SparseTensorFieldNumber:
                SparseTensorProto sparse = ReadSparse(childEnd);
                return attribute => attribute.SparseTensor = attribute.SparseTensor is null ? sparse : throw Twice();
            case AttributeProto.SparseTensorsFieldNumber:
                SparseTensorProto sparseElement = ReadSparse(childEnd);
                return attribute => attribute.SparseTensors.Add(sparseElement);
            default:
                return null;
        }
    });

    private SparseTensorProto ReadSparse(long end) => Read<SparseTensorProto>(end, SparseTensorProto.Parser, OnnxFields.SparseTensor, (field, childEnd) =>
    {
        switch (field)
        {
            case SparseTensorProto.ValuesFieldNumber:
                TensorProto values = ReadTensor(childEnd, mayRefer: false);
                return sparse => sparse.Values = sparse.Values is null ? values : throw Twice();
            case SparseTensorProto.IndicesFieldNumber:
                TensorProto indices = ReadTensor(childEnd, mayRefer: false);
                return sparse => sparse.Indices = sparse.Indices is null ? indices : throw Twice();
            default:
                return null;
        }
    });

    private TensorProto ReadTensor(long end, bool mayRefer)
    {
        long offset = -1;
        long length = 0;
        TensorProto tensor = Read<TensorProto>(end, TensorProto.Parser, OnnxFields.Tensor, (field, childEnd) =>
        {
            bool isLarge = mayRefer && field == TensorProto.RawDataFieldNumber && childEnd - _wire.Position > InlineLimit;
            if (!isLarge && !(weights == OnnxWeights.LeftOut && IsData(field)))
            {
                return null;
            }

            offset = _wire.Position;
            length = childEnd - offset;
            _wire.SkipTo(childEnd, childEnd);
            return static _ => { };
        });
        if (tensor.ExternalData.Any(entry => entry.Key == "location") || tensor.DataLocation == TensorProto.Types.DataLocation.External)
        {
            bool isEmpty = offset < 0 && tensor.RawData.IsEmpty;
            _external.Add(isEmpty ? tensor : throw new InvalidDataException($"the tensor {tensor.Name} holds data and refers to a file"));
        }
        else if (weights == OnnxWeights.Referenced && offset >= 0)
        {
            ExternalData.Point(tensor, Path.GetFileName(file.Name), offset, length);
            _own.Add(tensor);
        }

        return tensor;
    }

    private static bool IsData(int field) => field is TensorProto.RawDataFieldNumber or TensorProto.FloatDataFieldNumber or TensorProto.DoubleDataFieldNumber
        or TensorProto.Int32DataFieldNumber or TensorProto.Int64DataFieldNumber or TensorProto.Uint64DataFieldNumber or TensorProto.StringDataFieldNumber;

    private static InvalidDataException Twice() => new("an attribute has two values");

    /// <summary>Reads one message: its children with a reader, all else with the generated parser.</summary>
    private T Read<T>(long end, MessageParser<T> parser, OnnxFields fields, ChildReader<T> child)
        where T : IMessage<T>
    {
        using var rest = new MemoryStream();
        var children = new List<Action<T>>();
        while (_wire.Position < end)
        {
            (int field, int wire) = _wire.ReadTag(end);
            if (wire != WireReader.LengthDelimited)
            {
                // Numbers of a tensor may also come one at a time.
                if (weights == OnnxWeights.LeftOut && fields == OnnxFields.Tensor && IsData(field))
                {
                    _wire.Skip(wire, end);
                }
                else
                {
                    _wire.CopyNumber(field, wire, end, rest);
                }

                continue;
            }

            long fieldEnd = _wire.ReadEnd(end);
            if (child(field, fieldEnd) is { } add)
            {
                children.Add(add);
            }
            else
            {
                Keep(fields, field, fieldEnd, rest);
            }
        }

        T message = parser.ParseFrom(rest.GetBuffer(), 0, (int)rest.Length);
        children.ForEach(add => add(message));
        return message;
    }

    /// <summary>Copies a field for the generated parser. Where no values are wanted, no comments and unknown fields are either.</summary>
    private void Keep(OnnxFields fields, int field, long fieldEnd, MemoryStream rest)
    {
        long length = fieldEnd - _wire.Position;
        if (fields.IsComment(field) && weights == OnnxWeights.LeftOut)
        {
            _wire.SkipTo(fieldEnd, fieldEnd);
            return;
        }

        if (fields.IsNamed(field) && length > LongestName)
        {
            throw new InvalidDataException($"it holds a name of {length} bytes; at most {LongestName} are read");
        }

        if (length > LongestField - rest.Length)
        {
            throw new InvalidDataException($"it holds a field of {length} bytes; at most {LongestField} are read");
        }

        _wire.CopyDelimited(field, fieldEnd, rest);
    }
}
