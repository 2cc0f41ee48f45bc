namespace QosValuation.Onnx.Model;

/// <summary>
/// The fields of a message of onnx.proto, as far as reading a file needs them. The generated descriptors say the same, but to make them takes a
/// new process longer than to read a model.
/// </summary>
internal sealed class OnnxFields
{
    private readonly int _comment;
    private readonly ulong _named;
    private readonly ulong _plain;

    private OnnxFields(int comment, ReadOnlySpan<int> named, ReadOnlySpan<int> plain)
    {
        _comment = comment;
        _named = Bits(named);
        _plain = Bits(plain);
    }

    /// <summary>Those of <see cref="ModelProto"/>.</summary>
    public static OnnxFields Model { get; } = new(
        ModelProto.DocStringFieldNumber,
        [
            ModelProto.ProducerNameFieldNumber, ModelProto.ProducerVersionFieldNumber, ModelProto.DomainFieldNumber, ModelProto.GraphFieldNumber,
            ModelProto.OpsetImportFieldNumber, ModelProto.FunctionsFieldNumber,
        ],
        [ModelProto.IrVersionFieldNumber, ModelProto.ModelVersionFieldNumber]);

    /// <summary>Those of <see cref="GraphProto"/>.</summary>
    public static OnnxFields Graph { get; } = new(
        GraphProto.DocStringFieldNumber,
        [
            GraphProto.NodeFieldNumber, GraphProto.NameFieldNumber, GraphProto.InitializerFieldNumber, GraphProto.InputFieldNumber,
            GraphProto.OutputFieldNumber, GraphProto.ValueInfoFieldNumber, GraphProto.SparseInitializerFieldNumber,
        ],
        []);

    /// <summary>Those of <see cref="FunctionProto"/>.</summary>
    public static OnnxFields Function { get; } = new(
        FunctionProto.DocStringFieldNumber,
        [
            FunctionProto.NameFieldNumber, FunctionProto.InputFieldNumber, FunctionProto.OutputFieldNumber, FunctionProto.AttributeFieldNumber,
            FunctionProto.NodeFieldNumber, FunctionProto.OpsetImportFieldNumber, FunctionProto.DomainFieldNumber, FunctionProto.AttributeProtoFieldNumber,
        ],
        []);

    /// <summary>Those of <see cref="NodeProto"/>.</summary>
    public static OnnxFields Node { get; } = new(
        NodeProto.DocStringFieldNumber,
        [
            NodeProto.InputFieldNumber, NodeProto.OutputFieldNumber, NodeProto.NameFieldNumber, NodeProto.OpTypeFieldNumber,
            NodeProto.AttributeFieldNumber, NodeProto.DomainFieldNumber,
        ],
        []);

    /// <summary>Those of <see cref="AttributeProto"/>.</summary>
    public static OnnxFields Attribute { get; } = new(
        AttributeProto.DocStringFieldNumber,
        [
            AttributeProto.NameFieldNumber, AttributeProto.TFieldNumber, AttributeProto.GFieldNumber, AttributeProto.TensorsFieldNumber,
            AttributeProto.GraphsFieldNumber, AttributeProto.RefAttrNameFieldNumber, AttributeProto.SparseTensorFieldNumber,
            AttributeProto.SparseTensorsFieldNumber,
        ],
        [
            AttributeProto.FFieldNumber, AttributeProto.IFieldNumber, AttributeProto.SFieldNumber, AttributeProto.FloatsFieldNumber,
            AttributeProto.IntsFieldNumber, AttributeProto.StringsFieldNumber, AttributeProto.TypeFieldNumber,
        ]);

    /// <summary>Those of <see cref="SparseTensorProto"/>.</summary>
    public static OnnxFields SparseTensor { get; } = new(
        0, [SparseTensorProto.ValuesFieldNumber, SparseTensorProto.IndicesFieldNumber], [SparseTensorProto.DimsFieldNumber]);

    /// <summary>Those of <see cref="TensorProto"/>.</summary>
    public static OnnxFields Tensor { get; } = new(
        TensorProto.DocStringFieldNumber,
        [TensorProto.NameFieldNumber, TensorProto.ExternalDataFieldNumber],
        [
            TensorProto.DimsFieldNumber, TensorProto.DataTypeFieldNumber, TensorProto.FloatDataFieldNumber, TensorProto.Int32DataFieldNumber,
            TensorProto.StringDataFieldNumber, TensorProto.Int64DataFieldNumber, TensorProto.RawDataFieldNumber, TensorProto.DoubleDataFieldNumber,
            TensorProto.Uint64DataFieldNumber, TensorProto.DataLocationFieldNumber,
        ]);

    /// <summary>Whether a field holds text or a message, other than a comment.</summary>
    /// <param name="field">Its number.</param>
    /// <returns>False also for what is not known.</returns>
    public bool IsNamed(int field) => Has(_named, field);

    /// <summary>Whether a field says nothing about what the model computes.</summary>
    /// <param name="field">Its number.</param>
    /// <returns>True for a comment, and for what is not known.</returns>
    public bool IsComment(int field) => field == _comment || (!Has(_named, field) && !Has(_plain, field));

    private static bool Has(ulong set, int field) => field is > 0 and < 64 && ((set >> field) & 1) != 0;

    private static ulong Bits(ReadOnlySpan<int> fields)
    {
        ulong bits = 0;
        foreach (int field in fields)
        {
            bits |= 1UL << field;
        }

        return bits;
    }
}
