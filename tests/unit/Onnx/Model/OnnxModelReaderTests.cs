using Google.Protobuf;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class OnnxModelReaderTests : IDisposable
{
    private const int Rows = 100;
    private const int Columns = 70;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WithoutWeightsShapesAreKnownAndNoValueIsHeld()
    {
        OnnxGraph graph = OnnxModelReader.Read(Save(Model()));
        Assert.All(
            graph.Model.Graph.Initializer,
            tensor => Assert.True(tensor.RawData.IsEmpty && tensor.FloatData.Count == 0 && tensor.ExternalData.Count == 0));
        TensorProto matrix = Assert.Single(graph.Constants.Values, tensor => tensor.Dims.Count == 2);
        Assert.Equal([Rows, Columns], matrix.Dims);
        Assert.Equal(["x"], graph.DeclaredInputs.Select(input => input.Name));
        Assert.Equal([-1L, Rows], graph.DeclaredInputs[0].Dimensions!);
        Assert.Equal(["MatMul", "Add"], graph.Operations.Select(node => node.OpType));
    }

    [Fact]
    public void WithWeightsSmallTensorsAreReadAndLargeOnesReferToTheFile()
    {
        ModelProto model = Model();
        OnnxGraph graph = OnnxModelReader.Read(Save(model), OnnxWeights.Referenced);
        foreach (TensorProto expected in model.Graph.Initializer)
        {
            TensorProto actual = graph.Initializers[expected.Name];
            bool large = expected.RawData.Length > 16 * 1024;
            Assert.Equal(large, actual.RawData.IsEmpty);
            Assert.Equal(expected.ToDoubles(string.Empty), actual.ToDoubles(graph.Folder));
        }
    }

    [Theory]
    [InlineData(OnnxWeights.LeftOut)]
    [InlineData(OnnxWeights.Referenced)]
    public void ReadingALargeModelTakesLittleMemory(OnnxWeights weights)
    {
        // 400 MB of weights in a file with a hole; the disk holds none of them.
        const int Size = 400_000_000;
        string path = _folder.File("large.onnx");
        ModelProto model = Model();
        TensorProto tensor = model.Graph.Initializer[0];
        tensor.Dims.Clear();
        tensor.Dims.Add(Size / sizeof(float));
        tensor.ClearRawData();
        WriteWithHole(path, model, tensor, Size);
        long before = GC.GetAllocatedBytesForCurrentThread();
        OnnxGraph graph = OnnxModelReader.Read(path, weights);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        Assert.Equal(Size / sizeof(float), graph.Constants[tensor.Name].Dims[0]);
    }

    [Fact]
    public void NumbersInTypedListsAreSteppedOverToo()
    {
        ModelProto model = Model();
        TensorProto bias = model.Graph.Initializer.Single(tensor => tensor.Dims.Count == 1);
        float[] values = Array.ConvertAll(bias.ToDoubles(string.Empty), value => (float)value);
        bias.ClearRawData();
        bias.FloatData.Add(values);
        string path = Save(model);
        Assert.Empty(OnnxModelReader.Read(path).Constants[bias.Name].FloatData);
        Assert.Equal(values, OnnxModelReader.Read(path, OnnxWeights.Referenced).Constants[bias.Name].FloatData);
    }

    [Fact]
    public void WhatCannotBeRepresentedIsOneClearFault()
    {
        Refused("2147483648", model => model.Graph.Input[0].Type.TensorType.Shape.Dim[1].DimValue = 1L << 31);
        Refused("4294967296", model => model.Graph.Initializer[0].Dims[0] = 1L << 32);
        Refused("-1", model => model.Graph.Initializer[0].Dims[0] = -1);
        Refused("more elements than fit", model => model.Graph.Initializer[0].Dims.Add([int.MaxValue, int.MaxValue, int.MaxValue]));
        Refused("operator set", model => model.OpsetImport[0].Version = (1L << 32) + 17);
        Refused("name of", model => model.Graph.Node[0].Name = new string('n', 100_000));
        Refused("name of", model => model.Graph.Initializer[0].Name = new string('n', 100_000));
        Refused("no graph", model => model.Graph = null);
        Refused("nested", model =>
        {
            GraphProto inner = model.Graph.Clone();
            for (int depth = 0; depth < 40; depth++)
            {
                var attribute = new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = inner };
                inner = new GraphProto { Node = { new NodeProto { OpType = "If", Attribute = { attribute } } } };
            }

            model.Graph = inner;
        });

        void Refused(string says, Action<ModelProto> damage)
        {
            ModelProto model = Model();
            damage(model);
            string path = Save(model);
            foreach (OnnxWeights weights in Enum.GetValues<OnnxWeights>())
            {
                QosValuationException fault = Assert.Throws<QosValuationException>(() => OnnxModelReader.Read(path, weights));
                Assert.Equal(("ModelNotReadable", FaultKind.InvalidData, path), (fault.ErrorId, fault.Kind, fault.Subject));
                Assert.Contains(says, fault.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void TwoGraphsInOneFileAreRefused()
    {
        byte[] model = Model().ToByteArray();
        string path = _folder.File("model.onnx");
        File.WriteAllBytes(path, [.. model, .. model]);
        Assert.Contains("two graphs", Assert.Throws<QosValuationException>(() => OnnxModelReader.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AWeightThatHoldsLessThanItsShapeNeedsIsRefused()
    {
        ModelProto model = Model();
        model.Graph.Initializer.Single(tensor => tensor.Dims.Count == 1).Dims[0]++;
        Assert.Equal("ModelNotReadable", Id(model, OnnxWeights.Referenced));
        model = Model();
        model.Graph.Initializer.Single(tensor => tensor.Dims.Count == 2).Dims[0]++;
        Assert.Equal("OnnxExternalDataInvalid", Id(model, OnnxWeights.Referenced));
    }

    [Fact]
    public void WeightsBesideTheModelAreFoundAndNamed()
    {
        ModelProto model = Model();
        double[] expected = model.Graph.Initializer[0].ToDoubles(string.Empty);
        Externalize(model, "weights/model.data", create: true);
        string path = Save(model);
        Assert.Equal(["weights/model.data"], OnnxModelReader.Read(path).ExternalFiles);
        OnnxGraph graph = OnnxModelReader.Read(path, OnnxWeights.Referenced);
        Assert.Equal(["weights/model.data"], graph.ExternalFiles);
        Assert.Equal(expected, graph.Constants[model.Graph.Initializer[0].Name].ToDoubles(graph.Folder));
    }

    [Theory]
    [InlineData("../outside.data")]
    [InlineData("weights/../../outside.data")]
    [InlineData("/dev/zero")]
    [InlineData("/etc/passwd")]
    [InlineData("")]
    [InlineData("missing.data")]
    [InlineData("nul\0name")]
    public void WeightsOutsideTheModelsFolderAreRefusedBeforeTheyAreOpened(string location)
    {
        File.WriteAllBytes(_folder.File("outside.data"), new byte[Rows * Columns * sizeof(float)]);
        ModelProto model = Model();
        Externalize(model, location, create: false);
        Assert.Equal("OnnxExternalDataInvalid", Id(model, OnnxWeights.LeftOut, "model/model.onnx"));
        Assert.Equal("OnnxExternalDataInvalid", Id(model, OnnxWeights.Referenced, "model/model.onnx"));
    }

    [Theory]
    [InlineData("data.link", "/dev/zero")]
    [InlineData("data.link", "outside.data")]
    [InlineData("folder.link/outside.data", null)]
    public void LinksOutOfTheModelsFolderAreRefusedBeforeTheyAreOpened(string location, string? target)
    {
        File.WriteAllBytes(_folder.File("outside.data"), new byte[Rows * Columns * sizeof(float)]);
        Directory.CreateDirectory(_folder.File("model"));
        if (target is null)
        {
            Directory.CreateSymbolicLink(_folder.File("model/folder.link"), _folder.Path);
        }
        else
        {
            File.CreateSymbolicLink(_folder.File("model/" + location), Path.Combine(_folder.Path, target));
        }

        ModelProto model = Model();
        Externalize(model, location, create: false);
        Assert.Equal("OnnxExternalDataInvalid", Id(model, OnnxWeights.LeftOut, "model/model.onnx"));
        Assert.Equal("OnnxExternalDataInvalid", Id(model, OnnxWeights.Referenced, "model/model.onnx"));
    }

    [Theory]
    [InlineData("offset", "a few")]
    [InlineData("offset", "9223372036854775807")]
    [InlineData("offset", "-4")]
    [InlineData("length", "1")]
    [InlineData("length", "99999999")]
    public void DamagedPlacesOfWeightsAreRefused(string key, string value)
    {
        ModelProto model = Model();
        Externalize(model, "model.data", create: true);
        model.Graph.Initializer[0].ExternalData.Single(entry => entry.Key == key).Value = value;
        Assert.Equal("OnnxExternalDataInvalid", Id(model, OnnxWeights.LeftOut));
        Assert.Equal("OnnxExternalDataInvalid", Id(model, OnnxWeights.Referenced));
    }

    [Fact]
    public void ADeviceIsNoModel()
    {
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal("ModelNotReadable", Assert.Throws<QosValuationException>(() => OnnxModelReader.Read("/dev/zero")).ErrorId);
        }
    }

    /// <summary>Damaged files give a graph or a fault of this software, whatever was hit.</summary>
    [Fact]
    public void FlippedAndCutFilesGiveAGraphOrAFault()
    {
        ModelProto model = Model();
        model.Graph.Node.Add(OnnxGraph.MakeNode("Constant", [], ["c"], ("value", OnnxExtensions.Int64Tensor("c", [1, 2]))));
        model.Graph.Initializer[0].Dims.Clear();
        model.Graph.Initializer[0].Dims.Add([3, 2]);
        model.Graph.Initializer[0].RawData = ByteString.CopyFrom(new byte[24]);
        byte[] whole = model.ToByteArray();
        string path = _folder.File("model.onnx");
        var random = new Random(20261128);
        int read = 0;
        for (int round = 0; round < 3000; round++)
        {
            byte[] bytes = [.. whole];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            }

            File.WriteAllBytes(path, bytes.AsSpan(0, round % 3 == 0 ? random.Next(bytes.Length) : bytes.Length));
            foreach (OnnxWeights weights in Enum.GetValues<OnnxWeights>())
            {
                Exception? fault = Record.Exception(() =>
                {
                    OnnxGraph graph = OnnxModelReader.Read(path, weights);
                    graph.LiftConstants();
                    _ = (graph.DeclaredInputs, graph.DeclaredOutputs);
                    foreach (TensorProto tensor in weights == OnnxWeights.Referenced ? graph.Constants.Values : [])
                    {
                        _ = tensor.ToDoubles(graph.Folder);
                    }
                });
                Assert.True(fault is null or QosValuationException, $"Round {round}, {weights}: {fault}");
                read += fault is null ? 1 : 0;
            }
        }

        Assert.InRange(read, 500, 5500);
    }

    private static ModelProto Model()
    {
        var graph = new TestGraph(17, OnnxType.Single);
        return graph.Model(graph.Op("Add", graph.Op("MatMul", graph.Input(2, Rows), graph.RandomConstant(Rows, Columns)), graph.RandomConstant(Columns)));
    }

    private static void WriteWithHole(string path, ModelProto model, TensorProto tensor, int size)
    {
        // The same bytes as protobuf writes, with raw_data last in the tensor and the tensor last in the graph.
        model.Graph.Initializer.Remove(tensor);
        byte[] head = tensor.ToByteArray();
        byte[] rawHead = Varint(((ulong)TensorProto.RawDataFieldNumber << 3) | 2, (ulong)size);
        long tensorLength = head.Length + rawHead.Length + (long)size;
        byte[] tensorHead = Varint(((ulong)GraphProto.InitializerFieldNumber << 3) | 2, (ulong)tensorLength);
        byte[] rest = model.Graph.ToByteArray();
        byte[] graphHead = Varint(((ulong)ModelProto.GraphFieldNumber << 3) | 2, (ulong)(rest.Length + tensorHead.Length + tensorLength));
        model.Graph = null;
        using FileStream file = File.Create(path);
        foreach (byte[] part in (byte[][])[model.ToByteArray(), graphHead, rest, tensorHead, head, rawHead])
        {
            file.Write(part);
        }

        file.SetLength(file.Length + size);
    }

    private static byte[] Varint(params ulong[] values)
    {
        var bytes = new List<byte>();
        foreach (ulong value in values)
        {
            ulong left = value;
            for (; left >= 0x80; left >>= 7)
            {
                bytes.Add((byte)(left | 0x80));
            }

            bytes.Add((byte)left);
        }

        return [.. bytes];
    }

    private void Externalize(ModelProto model, string location, bool create)
    {
        TensorProto tensor = model.Graph.Initializer[0];
        byte[] bytes = tensor.RawData.ToByteArray();
        if (create)
        {
            string path = _folder.File(location);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }

        ExternalData.Point(tensor, location, 0, bytes.Length);
    }

    private string Save(ModelProto model, string name = "model.onnx")
    {
        string path = _folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, model.ToByteArray());
        return path;
    }

    private string Id(ModelProto model, OnnxWeights weights, string name = "model.onnx")
    {
        string path = Save(model, name);
        return Assert.Throws<QosValuationException>(() => OnnxModelReader.Read(path, weights)).ErrorId;
    }
}
