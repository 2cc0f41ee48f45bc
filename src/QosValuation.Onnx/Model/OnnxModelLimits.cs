namespace QosValuation.Onnx.Model;

/// <summary>Holds the numbers of a model against what this software can represent, so that nothing overflows later.</summary>
internal static class OnnxModelLimits
{
    /// <summary>Checks every extent, tensor and version of a model.</summary>
    /// <param name="model">The model as the file states it.</param>
    /// <exception cref="InvalidDataException">
    /// An extent of 2³¹ or more, a negative one of a tensor, or a tensor with fewer bytes than its shape needs.
    /// </exception>
    public static void Check(ModelProto model)
    {
        foreach (OperatorSetIdProto set in model.OpsetImport.Concat(model.Functions.SelectMany(function => function.OpsetImport)))
        {
            Require(set.Version is >= 0 and <= int.MaxValue, $"it names version {set.Version} of an operator set");
        }

        Check(model.Graph);
        foreach (FunctionProto function in model.Functions)
        {
            Check(function.Node);
            Check(function.AttributeProto);
        }
    }

    private static void Check(GraphProto graph)
    {
        foreach (ValueInfoProto value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
        {
            foreach (TensorShapeProto.Types.Dimension extent in value.Type?.TensorType?.Shape?.Dim ?? [])
            {
                Require(extent.DimValue <= int.MaxValue, $"the value {value.Name} has an extent of {extent.DimValue}; at most {int.MaxValue} is supported");
            }
        }

        foreach (TensorProto tensor in graph.Initializer)
        {
            Check(tensor);
        }

        foreach (SparseTensorProto sparse in graph.SparseInitializer)
        {
            Check(sparse);
        }

        Check(graph.Node);
    }

    private static void Check(IEnumerable<NodeProto> nodes)
    {
        foreach (NodeProto node in nodes)
        {
            Check(node.Attribute);
        }
    }

    private static void Check(IEnumerable<AttributeProto> attributes)
    {
        foreach (AttributeProto attribute in attributes)
        {
            foreach (TensorProto tensor in attribute.T is null ? attribute.Tensors : attribute.Tensors.Prepend(attribute.T))
            {
                Check(tensor);
            }

            foreach (GraphProto graph in attribute.G is null ? attribute.Graphs : attribute.Graphs.Prepend(attribute.G))
            {
                Check(graph);
            }

            IEnumerable<SparseTensorProto> sparseTensors = attribute.SparseTensors;
            foreach (SparseTensorProto sparse in attribute.SparseTensor is null ? sparseTensors : sparseTensors.Prepend(attribute.SparseTensor))
            {
                Check(sparse);
            }
        }
    }

    private static void Check(SparseTensorProto sparse)
    {
        if (sparse.Values is not null)
        {
            Check(sparse.Values);
        }

        if (sparse.Indices is not null)
        {
            Check(sparse.Indices);
        }
    }

    private static void Check(TensorProto tensor)
    {
        decimal count = 1;
        foreach (long extent in tensor.Dims)
        {
            Require(extent is >= 0 and <= int.MaxValue, $"the tensor {tensor.Name} has an extent of {extent}; 0 to {int.MaxValue} are supported");
            count *= extent;
            Require(count <= long.MaxValue / sizeof(double), $"the tensor {tensor.Name} has more elements than fit into memory");
        }

        long bytes = (long)count * OnnxType.Size(tensor.DataType);
        int held = tensor.RawData.Length;
        Require(held == 0 || held >= bytes, $"the tensor {tensor.Name} holds {held} bytes and its shape needs {bytes}");
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidDataException(otherwise);
        }
    }
}
