using Google.Protobuf.Reflection;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

/// <summary>The fields that a file is read by are those of the descriptors that the compiler of onnx.proto made.</summary>
public sealed class OnnxFieldsTests
{
    [Fact]
    public void FieldsAreThoseOfTheDescriptors()
    {
        (OnnxFields Fields, MessageDescriptor Descriptor)[] messages =
        [
            (OnnxFields.Model, ModelProto.Descriptor),
            (OnnxFields.Graph, GraphProto.Descriptor),
            (OnnxFields.Function, FunctionProto.Descriptor),
            (OnnxFields.Node, NodeProto.Descriptor),
            (OnnxFields.Attribute, AttributeProto.Descriptor),
            (OnnxFields.SparseTensor, SparseTensorProto.Descriptor),
            (OnnxFields.Tensor, TensorProto.Descriptor),
        ];
        foreach ((OnnxFields fields, MessageDescriptor descriptor) in messages)
        {
            Assert.All(descriptor.Fields.InDeclarationOrder(), field => Assert.InRange(field.FieldNumber, 1, 63));
            foreach (int number in (int[])[.. Enumerable.Range(-1, 200), int.MaxValue])
            {
                FieldDescriptor? known = number > 0 ? descriptor.FindFieldByNumber(number) : null;
                bool isComment = known is null || known.Name == "doc_string";
                Assert.Equal(isComment, fields.IsComment(number));
                Assert.Equal(!isComment && known!.FieldType is FieldType.String or FieldType.Message, fields.IsNamed(number));
            }
        }
    }
}
