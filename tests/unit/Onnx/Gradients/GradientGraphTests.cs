using Google.Protobuf;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Gradients;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

/// <summary>Whole graphs: composed at random, linear ones against their adjoints, the default encoder, and what is refused.</summary>
public sealed class GradientGraphTests
{
    [Fact]
    public void RandomGraphsAgreeWithCentralDifferences()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            RandomSource random = RandomSource.Create(seed, 77);
            var graph = new TestGraph(random.NextInt32(2) == 0 ? 13 : 18, seed: seed) { Tolerance = 1e-5 };
            var values = new List<string> { graph.Input(-1.0, 1.0, 2, 3, 4) };
            string Any() => values[random.NextInt32(values.Count)];
            for (int step = 0; step < 12; step++)
            {
                // Every value keeps the shape [2, 3, 4], so that any two can meet.
                string x = Any();
                values.Add(random.NextInt32(14) switch
                {
                    0 => graph.Op("Add", x, Any()),
                    1 => graph.Op("Mul", x, graph.Op("Tanh", Any())),
                    2 => graph.Op("Tanh", x),
                    3 => graph.Op("Sigmoid", x),
                    4 => graph.Op("Softmax", [x], ("axis", (long)(1 + random.NextInt32(2)))),
                    5 => graph.Op("MatMul", x, graph.Weight(4, 4)),
                    6 => graph.Op("Sub", x, graph.Op("MatMul", graph.Weight(3, 3), Any())),
                    7 => graph.Op("Div", x, graph.Op("Add", graph.Op("Exp", graph.Op("Tanh", Any())), graph.Scalar(0.5))),
                    8 => graph.Op(
                        "Transpose",
                        [graph.Op("MatMul", graph.Op("Transpose", [x], ("perm", (long[])[0, 2, 1])), graph.Weight(3, 3))],
                        ("perm", (long[])[0, 2, 1])),
                    9 => graph.Op(
                        "Concat",
                        [
                            graph.Op("Slice", x, graph.Ints(0), graph.Ints(1), graph.Ints(1)),
                            graph.Op("Slice", Any(), graph.Ints(1), graph.Ints(9), graph.Ints(1)),
                        ],
                        ("axis", 1L)),
                    10 => graph.Op(
                        "Add",
                        x,
                        graph.Op("Unsqueeze", graph.Op("Gather", [Any(), graph.IntTensor([random.NextInt32(3)])], ("axis", 1L)), graph.Ints(1))),
                    11 => graph.Op("Sub", x, graph.Op("ReduceSum", [Any(), graph.Ints(-1)], ("keepdims", 1L))),
                    12 => graph.Op("Reshape", graph.Op("Gemm", graph.Op("Reshape", x, graph.Ints(-1, 4)), graph.Weight(4, 4)), graph.Ints(-1, 3, 4)),
                    _ => graph.Op("Mul", x, graph.Op("Sigmoid", graph.Op("Mul", x, graph.Scalar(1.702)))),
                });
            }

            // All of them flow into the output, so that nothing is dead.
            string output = graph.Op("Sum", [.. values]);
            graph.Check(output);
        }
    }

    [Fact]
    public void LinearGraphsSatisfyTheAdjointIdentity()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            RandomSource random = RandomSource.Create(seed, 5);
            var graph = new TestGraph(17, OnnxType.Single, seed);
            string x = graph.Input(2, 4, 12, 12);
            for (int step = 0; step < 4; step++)
            {
                x = random.NextInt32(6) switch
                {
                    0 => graph.Op("Conv", [x, graph.RandomConstant(4, 2, 3, 3)], ("pads", (long[])[1, 1, 1, 1]), ("group", 2L)),
                    1 => graph.Op("AveragePool", [x], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[1, 1]), ("pads", (long[])[1, 1, 1, 1])),
                    2 => graph.Op("Pad", graph.Op("Slice", x, graph.Ints(2), graph.Ints(11), graph.Ints(3), graph.Ints(2)), graph.Ints(0, 0, 0, 3, 0, 0, 0, 4)),
                    3 => graph.Op("Gather", [x, graph.IntTensor([3, 0, 0, 2], 4)], ("axis", 1L)),
                    4 => graph.Op("Transpose", [x], ("perm", (long[])[0, 1, 3, 2])),
                    _ => graph.Op(
                        "Resize",
                        [
                            graph.Op("AveragePool", [x], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2])),
                            string.Empty,
                            graph.FloatConstant(1, 1, 2, 2),
                        ],
                        ("mode", "linear")),
                };
            }

            GradientGraph built = GradientGraph.Build(graph.Model(x), string.Empty, new GradientOptions());
            using GradientModel model = GradientModel.Load(built, 1);
            float[] u = Single(graph.Draw(-1, 1, 3, 4, 12, 12));
            float[] v = Single(graph.Draw(-1, 1, 3, model.OutputLength));
            float[] adjoint = new float[u.Length];
            float[] image = new float[v.Length];
            model.Evaluate(u, 3, v, adjoint, image);
            double left = Dot(image, v);
            double right = Dot(u, adjoint);
            Assert.Equal(left, right, 1e-5 * Math.Sqrt(Dot(image, image) * Dot(v, v)));
            Assert.True(Dot(image, image) > 0);
        }
    }

    [Fact]
    public void AModelBehindALinkIsReadWhereItLies()
    {
        using var folder = new TemporaryFolder();
        string link = Path.Combine(folder.Path, "model.onnx");
        File.CreateSymbolicLink(link, Path.Combine(TestData.ClipMini, "vision_model.onnx"));
        using GradientModel model = GradientModel.Load(link, new GradientOptions { Seed = GradientSeed.Cosine });
        Assert.Equal(512, model.OutputLength);
    }

    [Theory]
    [InlineData("blobs/1", "blobs/2")]
    [InlineData("models/1", "weights/deep/2")]
    [InlineData("snapshot/1", "snapshot/2")]
    public void AModelAndItsWeightsBehindLinksAreReadWhereTheyLie(string modelFile, string weightsFile)
    {
        // As a download cache keeps them: both files under other names elsewhere, and links with the names they know each other by.
        using var folder = new TemporaryFolder();
        var graph = new TestGraph(17, OnnxType.Single);
        string y = graph.Op("Add", graph.Op("MatMul", graph.Input(2, 100), graph.RandomConstant(100, 70)), graph.RandomConstant(70));
        ModelProto whole = graph.Model(y);
        ModelProto apart = whole.Clone();
        byte[] weights = apart.Graph.Initializer[0].RawData.ToByteArray();
        ExternalData.Point(apart.Graph.Initializer[0], "model.onnx_data", 0, weights.Length);
        foreach ((string file, byte[] bytes, string link) in ((string, byte[], string)[])
            [(modelFile, apart.ToByteArray(), "snapshot/model.onnx"), (weightsFile, weights, "snapshot/model.onnx_data")])
        {
            foreach (string path in (string[])[file, link])
            {
                Directory.CreateDirectory(Path.GetDirectoryName(folder.File(path))!);
            }

            File.WriteAllBytes(folder.File(file), bytes);
            File.CreateSymbolicLink(folder.File(link), folder.File(file));
        }

        float[] x = Single(graph.Draw(-1, 1, 1, 100));
        float[] c = Single(graph.Draw(-1, 1, 1, 70));
        float[] expected = new float[100];
        float[] actual = new float[100];
        using GradientModel model = GradientModel.Load(folder.File("snapshot/model.onnx"));
        model.Evaluate(x, 1, c, actual);
        using GradientModel direct = GradientModel.Load(GradientGraph.Build(whole, string.Empty, new GradientOptions()));
        direct.Evaluate(x, 1, c, expected);
        Assert.Equal(expected, actual);

        ExternalData.Point(apart.Graph.Initializer[0], "../outside", 0, weights.Length);
        File.WriteAllBytes(folder.File(modelFile), apart.ToByteArray());
        Assert.Equal("OnnxExternalDataInvalid", Assert.Throws<QosValuationException>(() => GradientGraph.Build(folder.File("snapshot/model.onnx"))).ErrorId);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void TheDefaultEncodersGradientAgreesWithDifferencesAlongRandomDirections(int batch)
    {
        using GradientModel model = GradientModel.Load(
            Path.Combine(TestData.ClipMini, "vision_model.onnx"), new GradientOptions { Seed = GradientSeed.Cosine });
        Assert.Equal(3 * 96 * 96, model.InputLength);
        Assert.Equal(512, model.OutputLength);
        RandomSource random = RandomSource.Create(batch);
        float[] pixels = Normals(random, batch * model.InputLength);
        float[] target = Normals(random, model.OutputLength);
        float[] gradient = new float[pixels.Length];
        float[] output = new float[batch * model.OutputLength];
        float[] scores = new float[batch];
        model.Evaluate(pixels, batch, target, gradient, output, scores);
        double targetNorm = Math.Sqrt(Dot(target, target));
        for (int i = 0; i < batch; i++)
        {
            float[] y = output[(i * 512)..((i + 1) * 512)];
            Assert.Equal(Dot(y, target) / Math.Sqrt(Dot(y, y)), scores[i], 1e-4 * targetNorm);
        }

        double Score(float[] at)
        {
            float[] s = new float[batch];
            model.Evaluate(at, batch, target, new float[at.Length], default, s);
            return s.Sum(v => (double)v);
        }

        // Along the gradient itself the change is largest against the rounding; random directions have a component of it.
        double norm = Math.Sqrt(Dot(gradient, gradient));
        for (int trial = 0; trial < 4; trial++)
        {
            float[] direction = Normals(random, pixels.Length);
            double size = Math.Sqrt(Dot(direction, direction));
            for (int i = 0; i < direction.Length; i++)
            {
                direction[i] = (float)((direction[i] / size) + (gradient[i] / norm));
            }

            double expected = Dot(gradient, direction);
            const double step = 0.02;
            float[] above = [.. pixels.Zip(direction, (p, d) => (float)(p + (step * d)))];
            float[] below = [.. pixels.Zip(direction, (p, d) => (float)(p - (step * d)))];
            double measured = (Score(above) - Score(below)) / (2 * step);
            Assert.InRange(measured / expected, 0.99, 1.01);
        }
    }

    [Fact]
    public void ItemsOfABatchDoNotInfluenceEachOtherAndTargetsMayDiffer()
    {
        using GradientModel model = GradientModel.Load(
            Path.Combine(TestData.ClipMini, "vision_model.onnx"), new GradientOptions { Seed = GradientSeed.Cosine });
        RandomSource random = RandomSource.Create(4);
        int n = model.InputLength;
        int d = model.OutputLength;
        float[] pixels = Normals(random, 2 * n);
        float[] targets = Normals(random, 2 * d);
        float[] both = new float[2 * n];
        model.Evaluate(pixels, 2, targets, both);
        for (int i = 0; i < 2; i++)
        {
            float[] one = new float[n];
            model.Evaluate(pixels.AsSpan(i * n, n), 1, targets.AsSpan(i * d, d), one);
            double difference = one.Select((v, k) => Math.Pow(v - both[(i * n) + k], 2)).Sum();
            Assert.InRange(Math.Sqrt(difference / Dot(one, one)), 0, 1e-4);
        }
    }

    [Fact]
    public void ForwardValuesAreSharedNotRecomputed()
    {
        GradientGraph forward = GradientGraph.Build(Path.Combine(TestData.ClipMini, "vision_model.onnx"), new GradientOptions { Seed = GradientSeed.Sum });
        // Six blocks: one Softmax, one Sigmoid, and two products of activations each, and none of them twice.
        Assert.Equal(6, forward.Operators()["Softmax"]);
        Assert.Equal(6, forward.Operators()["Sigmoid"]);
        Assert.Equal(13, forward.Operators()["LayerNormalization"]);

        // Four convolutions; the gradient of the one with stride 1 is a convolution too.
        Assert.Equal(4 + 1, forward.Operators()["Conv"]);
        Assert.Equal(3, forward.Operators()["ConvTranspose"]);
        Assert.False(forward.Operators().ContainsKey("Erf"));
        Assert.Equal(-1, forward.InputShape[0]);
    }

    [Fact]
    public void WeightsAreTrainedThroughTheSameEngine()
    {
        // Least squares: y = x·w, loss Σ(y − t)²; its gradient in w is 2xᵀ(xw − t), and descent finds the planted weights.
        var graph = new TestGraph(17, OnnxType.Single);
        string x = graph.Input(8, 3);
        string w = graph.Weight(3, 2);
        float[] planted = [1, -2, 0.5f, 3, -1, 0.25f];
        string residual = graph.Op("MatMul", x, graph.Op("Sub", w, graph.Constant([.. planted.Select(v => (double)v)], 3, 2)));
        string loss = graph.Op("ReduceSumSquare", [residual], ("keepdims", 0L));
        GradientGraph built = GradientGraph.Build(
            graph.Model(loss), string.Empty, new GradientOptions { Parameters = [w], Seed = GradientSeed.Sum, WithInputGradient = false });
        using GradientModel model = GradientModel.Load(built, 1);
        GradientParameter parameter = Assert.Single(model.Parameters);
        Assert.Equal([3, 2], parameter.Shape);
        float[] data = Single(graph.Draw(-1, 1, 8, 3));
        float[] value = new float[1];
        float first = float.NaN;
        for (int step = 0; step < 400; step++)
        {
            model.Evaluate(data, 8, [], [], value);
            first = step == 0 ? value[0] : first;
            for (int i = 0; i < parameter.Value.Length; i++)
            {
                parameter.Value[i] -= 0.05f * parameter.Gradient[i];
            }
        }

        Assert.True(first > 1);
        Assert.InRange(value[0], 0, 1e-6 * first);
        Assert.All(parameter.Value.Zip(planted), pair => Assert.Equal(pair.Second, pair.First, 1e-3));
    }

    [Fact]
    public void HalfPrecisionModelsAreDifferentiatedInSinglePrecision()
    {
        (ModelProto Half, ModelProto Single) Make()
        {
            var graph = new TestGraph(14, OnnxType.Single, 9);
            string x = graph.Input(2, 8, 6, 6);
            string y = graph.Op("Conv", [x, graph.RandomConstant(64, 8, 3, 3)], ("pads", (long[])[1, 1, 1, 1]));
            y = graph.Op("Sigmoid", graph.Op("Mul", y, graph.Scalar(0.5)));
            y = graph.Op("Cast", [graph.Op("ReduceMean", [y], ("axes", (long[])[2, 3]), ("keepdims", 0L))], ("to", (long)OnnxType.Single));
            ModelProto single = graph.Model(y);
            foreach (TensorProto tensor in single.Graph.Initializer.Where(t => t.DataType == OnnxType.Single))
            {
                // Round to half first, so that both models hold the same weights.
                double[] rounded = [.. tensor.ToDoubles(string.Empty).Select(v => (double)(Half)v)];
                tensor.RawData = OnnxExtensions.FloatTensor("t", OnnxType.Single, rounded).RawData;
            }

            ModelProto half = single.Clone();
            foreach (TensorProto tensor in half.Graph.Initializer.Where(t => t.DataType == OnnxType.Single))
            {
                byte[] bytes = [.. tensor.ToDoubles(string.Empty).SelectMany(v => BitConverter.GetBytes((Half)v))];
                tensor.DataType = OnnxType.Half;
                tensor.RawData = ByteString.CopyFrom(bytes);
            }

            foreach (ValueInfoProto value in half.Graph.Input.Concat(half.Graph.Output))
            {
                value.Type.TensorType.ElemType = OnnxType.Half;
            }

            half.Graph.Node[^1].Set("to", (long)OnnxType.Half);
            return (half, single);
        }

        (ModelProto half, ModelProto single) = Make();
        float[][] gradients = [.. new[] { half, single }.Select(model =>
        {
            using GradientModel loaded = GradientModel.Load(GradientGraph.Build(model, string.Empty, new GradientOptions()), 1);
            RandomSource random = RandomSource.Create(3);
            float[] gradient = new float[2 * loaded.InputLength];
            loaded.Evaluate(Normals(random, gradient.Length), 2, Normals(random, 2 * loaded.OutputLength), gradient);
            return gradient;
        })];
        Assert.Equal(gradients[1], gradients[0]);
        Assert.Contains(gradients[0], v => v != 0);
    }

    [Fact]
    public void LargeWeightsStayInTheModelFile()
    {
        using var folder = new TemporaryFolder();
        var graph = new TestGraph(17, OnnxType.Single);
        string y = graph.Op("MatMul", graph.Input(2, 100), graph.RandomConstant(100, 70));
        ModelProto model = graph.Model(y);
        string path = folder.File("vision_model.onnx");
        File.WriteAllBytes(path, model.ToByteArray());
        ModelProto read = OnnxModelReader.Read(path, OnnxWeights.Referenced).Model;
        TensorProto weights = Assert.Single(read.Graph.Initializer);
        Assert.Equal(TensorProto.Types.DataLocation.External, weights.DataLocation);
        Assert.False(weights.HasRawData);
        Assert.Equal(model.Graph.Initializer[0].ToDoubles(string.Empty), weights.ToDoubles(folder.Path));
        Assert.Equal(model.Graph.Node, read.Graph.Node);
        Assert.Equal(model.OpsetImport, read.OpsetImport);
        using GradientModel fromFile = GradientModel.Load(path);
        using GradientModel fromMemory = GradientModel.Load(GradientGraph.Build(model, string.Empty, new GradientOptions()));
        float[] x = Single(graph.Draw(-1, 1, 1, 100));
        float[] c = Single(graph.Draw(-1, 1, 1, 70));
        float[] first = new float[100];
        float[] second = new float[100];
        fromFile.Evaluate(x, 1, c, first);
        fromMemory.Evaluate(x, 1, c, second);
        Assert.Equal(second, first);
    }

    [Fact]
    public void BranchesOnSizesAreResolved()
    {
        // As exported around Squeeze: if the size is 1 then squeeze, else pass on.
        var graph = new TestGraph(11, OnnxType.Single);
        string x = graph.Input(2, 1, 5);
        string size = graph.Op("Gather", graph.Op("Shape", x), graph.IntTensor([1]));
        string condition = graph.Op("Equal", size, graph.IntTensor([1]));
        GraphProto Branch(NodeProto node)
        {
            var body = new GraphProto { Name = node.OpType };
            body.Node.Add(node);
            body.Output.Add(new ValueInfoProto
            {
                Name = node.Output[0],
                Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single } },
            });
            return body;
        }

        NodeProto choice = OnnxGraph.MakeNode("If", [condition], ["chosen"]);
        choice.Attribute.Add(new AttributeProto
        {
            Name = "then_branch",
            Type = AttributeProto.Types.AttributeType.Graph,
            G = Branch(OnnxGraph.MakeNode("Squeeze", [x], ["then"], ("axes", (long[])[1]))),
        });
        choice.Attribute.Add(new AttributeProto
        {
            Name = "else_branch",
            Type = AttributeProto.Types.AttributeType.Graph,
            G = Branch(OnnxGraph.MakeNode("Identity", [x], ["else"])),
        });
        graph.Proto.Node.Add(choice);
        graph.Check(graph.Op("Mul", "chosen", graph.Weight(5)));
    }

    [Fact]
    public void FunctionsOfTheModelItselfAreWrittenOut()
    {
        // gate(x; k = 1) = x·σ(kx), called by layer(x, w) = gate(x·w; k = 1.702), which also hands x on.
        var gate = new FunctionProto { Domain = "own", Name = "Gate", Input = { "x" }, Output = { "y" }, Attribute = { "k" } };
        gate.Node.Add(OnnxGraph.MakeNode("Constant", [], ["k"]));
        gate.Node[0].Attribute.Add(new AttributeProto { Name = "value_float", RefAttrName = "k", Type = AttributeProto.Types.AttributeType.Float });
        gate.Node.Add(OnnxGraph.MakeNode("Mul", ["x", "k"], ["kx"]));
        gate.Node.Add(OnnxGraph.MakeNode("Sigmoid", ["kx"], ["s"]));
        gate.Node.Add(OnnxGraph.MakeNode("Mul", ["x", "s"], ["y"]));
        var layer = new FunctionProto { Domain = "own", Name = "Layer", Input = { "x", "w" }, Output = { "y", "x" } };
        layer.Node.Add(OnnxGraph.MakeNode("MatMul", ["x", "w"], ["s"]));
        layer.Node.Add(OnnxGraph.MakeNode("Gate", ["s"], ["y"], ("k", 1.702f)));
        layer.Node[1].Domain = "own";
        var itself = new FunctionProto { Domain = "own", Name = "Itself", Input = { "x" }, Output = { "y" } };
        itself.Node.Add(OnnxGraph.MakeNode("Itself", ["x"], ["y"]));
        itself.Node[0].Domain = "own";
        foreach (FunctionProto function in (FunctionProto[])[gate, layer, itself])
        {
            function.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = 17 });
        }

        var graph = new TestGraph(17, OnnxType.Single);
        string x = graph.Input(2, 3);
        (string first, string second) = (graph.RandomConstant(3, 3), graph.RandomConstant(3, 3));
        string[] inner = graph.Ops("Layer", [x, first], 2);
        string[] outer = graph.Ops("Layer", [inner[0], second], 2);
        ModelProto calls = graph.Model(graph.Op("Add", outer[0], outer[1]));
        foreach (NodeProto node in calls.Graph.Node.Where(node => node.OpType == "Layer"))
        {
            node.Domain = "own";
        }

        calls.Functions.Add([gate, layer]);

        // The standard operators may be imported under both of their names.
        calls.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx", Version = 17 });
        graph.Proto.Node.Clear();
        string Layer(string input, string weights)
        {
            string product = graph.Op("MatMul", input, weights);
            return graph.Op("Mul", product, graph.Op("Sigmoid", graph.Op("Mul", product, graph.Scalar(1.702))));
        }

        string hidden = Layer(x, first);
        ModelProto written = graph.Model(graph.Op("Add", Layer(hidden, second), hidden));
        float[] input = Single(graph.Draw(-1, 1, 2, 3));
        float[] cotangent = Single(graph.Draw(-1, 1, 2, 3));
        float[][] gradients = [.. new[] { calls, written }.Select(proto =>
        {
            using GradientModel model = GradientModel.Load(GradientGraph.Build(proto, string.Empty, new GradientOptions()), 1);
            float[] gradient = new float[6];
            model.Evaluate(input, 2, cotangent, gradient);
            return gradient;
        })];
        Assert.Equal(gradients[1], gradients[0]);

        ModelProto endless = graph.Model(graph.Op("Itself", x));
        endless.Graph.Node[^1].Domain = "own";
        endless.Functions.Add(itself);
        QosValuationException error = Assert.Throws<QosValuationException>(() => GradientGraph.Build(endless, string.Empty, new GradientOptions()));
        Assert.Contains("calls itself", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void InitializersListedAsInputsAreConstants()
    {
        var graph = new TestGraph(11, OnnxType.Single);
        string w = graph.RandomConstant(3, 2);
        string y = graph.Op("MatMul", graph.Input(2, 3), w);
        ModelProto model = graph.Model(y);
        model.IrVersion = 3;
        model.Graph.Input.Add(new ValueInfoProto { Name = w, Type = model.Graph.Input[0].Type.Clone() });
        GradientGraph built = GradientGraph.Build(model, string.Empty, new GradientOptions());
        Assert.Equal("x", built.InputName);
        Assert.Equal([-1L, 3L], built.InputShape);
        using GradientModel loaded = GradientModel.Load(built);
        Assert.Equal(3, loaded.InputLength);
    }

    [Fact]
    public void OpenImageSizesAreFound()
    {
        // A fixed table of 8×8 position offsets after a stride of 4: only a 32-pixel image fits.
        var graph = new TestGraph(17, OnnxType.Single);
        string x = graph.Input(1, 3, 32, 32);
        foreach (TensorShapeProto.Types.Dimension dimension in graph.Proto.Input[0].Type.TensorType.Shape.Dim.Skip(1))
        {
            dimension.DimParam = "open";
        }

        string patches = graph.Op("Conv", [x, graph.RandomConstant(4, 3, 4, 4)], ("strides", (long[])[4, 4]));
        string y = graph.Op("Flatten", graph.Op("Add", patches, graph.RandomConstant(4, 8, 8)));
        GradientGraph built = GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions());
        Assert.Equal([-1, 3, 32, 32], built.InputShape);
        QosValuationException error = Assert.Throws<QosValuationException>(
            () => GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions { ImageSize = 64 }));
        Assert.Equal("GradientShapesUnknown", error.ErrorId);
    }

    [Fact]
    public void OpenImagesWithTheirChannelsLastAreFound()
    {
        var graph = new TestGraph(17, OnnxType.Single);
        string x = graph.Input(1, 96, 96, 3);
        foreach (int side in (int[])[1, 2])
        {
            graph.Proto.Input[0].Type.TensorType.Shape.Dim[side].DimParam = "open";
        }

        string first = graph.Op("Transpose", [x], ("perm", (long[])[0, 3, 1, 2]));
        string y = graph.Op("GlobalAveragePool", graph.Op("Conv", first, graph.RandomConstant(4, 3, 4, 4)));
        Assert.Equal([-1, 64, 64, 3], GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions { ImageSize = 64 }).InputShape);
    }

    [Fact]
    public void AModelForBatchesOfOneSizeRunsAsOftenAsItTakes()
    {
        var graph = new TestGraph(17, OnnxType.Single);
        string x = graph.Input(2, 3);
        string w = graph.Weight(3, 4);
        string y = graph.Op("Tanh", graph.Op("MatMul", x, w));
        ModelProto open = graph.Model(y);
        ModelProto closed = graph.Model(y);
        closed.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = 2;
        float[] input = Single(graph.Draw(-1, 1, 6, 3));
        foreach (GradientSeed seed in (GradientSeed[])[GradientSeed.Cotangent, GradientSeed.Cosine])
        {
            foreach (int targets in seed == GradientSeed.Cosine ? [1, 6] : (int[])[6])
            {
                float[] cotangent = Single(graph.Draw(-1, 1, targets, 4));
                float[][][] results = [.. new[] { open, closed }.Select(proto =>
                {
                    GradientGraph built = GradientGraph.Build(proto.Clone(), string.Empty, new GradientOptions { Parameters = [w], Seed = seed });
                    using GradientModel model = GradientModel.Load(built, 1);
                    float[] gradient = new float[18];
                    float[] output = new float[24];
                    float[] scores = new float[seed == GradientSeed.Cosine ? 6 : 0];
                    model.Evaluate(input, 6, cotangent, gradient, output, scores);
                    return (float[][])[gradient, output, scores, model.Parameters[0].Gradient];
                })];
                for (int i = 0; i < 4; i++)
                {
                    Assert.Equal(results[0][i].Length, results[1][i].Length);
                    Assert.All(results[0][i].Zip(results[1][i]), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
                }
            }
        }

        using GradientModel pairs = GradientModel.Load(GradientGraph.Build(closed, string.Empty, new GradientOptions()), 1);
        Assert.Equal("GradientBatchFixed", Assert.Throws<QosValuationException>(() => pairs.Evaluate(new float[9], 3, new float[12], new float[9])).ErrorId);
        Assert.Throws<ArgumentException>(() => pairs.Evaluate(new float[11], 4, new float[16], new float[12]));
    }

    [Fact]
    public void UnknownOperatorsAreNamedWithTheirNode()
    {
        var graph = new TestGraph(17, OnnxType.Single);
        string y = graph.Op("Det", graph.Input(2, 3, 3));
        QosValuationException error = Assert.Throws<QosValuationException>(() => GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions()));
        Assert.Equal("GradientOperatorNotSupported", error.ErrorId);
        Assert.Equal(FaultKind.NotSupported, error.Kind);
        Assert.Equal(y, error.Subject);
        Assert.Contains("Det", error.Message, StringComparison.Ordinal);

        // So is a loop that is all there is, and a list of tensors.
        graph = new TestGraph(17, OnnxType.Single);
        y = graph.Op("SequenceAt", graph.Op("SplitToSequence", [graph.Input(2, 3)], ("axis", 1L)), graph.IntTensor([1]));
        error = Assert.Throws<QosValuationException>(() => GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions()));
        Assert.Equal("GradientOperatorNotSupported", error.ErrorId);
        Assert.Equal(y, error.Subject);
        graph = new TestGraph(17, OnnxType.Single);
        string start = graph.Input(2, 3);
        var body = new GraphProto { Name = "body" };
        foreach ((string name, int type) in ((string, int)[])[("turn", OnnxType.Int64), ("go", OnnxType.Bool), ("now", OnnxType.Single)])
        {
            body.Input.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type } } });
        }

        body.Node.Add(OnnxGraph.MakeNode("Identity", ["go"], ["on"]));
        body.Node.Add(OnnxGraph.MakeNode("Neg", ["now"], ["next"]));
        body.Output.Add(new ValueInfoProto { Name = "on", Type = body.Input[1].Type.Clone() });
        body.Output.Add(new ValueInfoProto { Name = "next", Type = body.Input[2].Type.Clone() });
        NodeProto loop = OnnxGraph.MakeNode("Loop", [graph.IntTensor([3]), string.Empty, start], ["looped"]);
        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        graph.Proto.Node.Add(loop);
        error = Assert.Throws<QosValuationException>(() => GradientGraph.Build(graph.Model("looped"), string.Empty, new GradientOptions()));
        Assert.Equal("GradientOperatorNotSupported", error.ErrorId);
        Assert.Equal("looped", error.Subject);

        // A secondary output would carry a gradient of its own.
        graph = new TestGraph(17, OnnxType.Single);
        string[] normal = graph.Ops("LayerNormalization", [graph.Input(2, 3), graph.RandomConstant(3)], 2);
        y = graph.Op("Add", normal[0], normal[1]);
        error = Assert.Throws<QosValuationException>(() => GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions()));
        Assert.Equal(normal[0], error.Subject);

        // Beside the differentiable path it does no harm.
        graph = new TestGraph(17, OnnxType.Single);
        string x = graph.Input(2, 3, 3);
        string fixedMatrix = graph.Op("Det", graph.RandomConstant(1, 3, 3));
        graph.Check(graph.Op("Mul", x, fixedMatrix));
    }

    [Fact]
    public void OperatorsOfAnOptimiserAreRefusedByName()
    {
        var graph = new TestGraph(17, OnnxType.Single);
        string y = graph.Op("QuickGelu", graph.Input(2, 3));
        ModelProto model = graph.Model(y);
        model.Graph.Node[0].Domain = "com.microsoft";
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        QosValuationException error = Assert.Throws<QosValuationException>(() => GradientGraph.Build(model, string.Empty, new GradientOptions()));
        Assert.Equal("GradientOperatorNotSupported", error.ErrorId);
        Assert.Contains("com.microsoft.QuickGelu", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MatMulInteger")]
    [InlineData("DynamicQuantizeLinear")]
    [InlineData("DequantizeLinear")]
    [InlineData("QLinearConv")]
    [InlineData("ConvInteger")]
    public void QuantisedModelsAreRefusedWithTheRemedy(string op)
    {
        var graph = new TestGraph(17, OnnxType.Single);
        string y = graph.Op(op, graph.Input(2, 3));
        QosValuationException error = Assert.Throws<QosValuationException>(() => GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions()));
        Assert.Equal("GradientModelQuantized", error.ErrorId);
        Assert.Equal(y, error.Subject);
        Assert.Contains("fp32 or fp16", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherMistakesAreExplained()
    {
        var graph = new TestGraph(10, OnnxType.Single);
        string y = graph.Op("Relu", graph.Input(2, 3));
        string Id(Action action) => Assert.Throws<QosValuationException>(action).ErrorId;
        Assert.Equal("GradientOpsetNotSupported", Id(() => GradientGraph.Build(graph.Model(y), string.Empty, new GradientOptions())));
        graph = new TestGraph(17, OnnxType.Single);
        string x = graph.Input(2, 3);
        string w = graph.RandomConstant(3);
        y = graph.Op("Relu", x);
        string flat = graph.Op("Floor", x);
        string cube = graph.Op("Reshape", x, graph.Ints(-1, 3, 1));
        ModelProto Model(string output) => graph.Model(output);
        Assert.Equal("GradientNameNotFound", Id(() => GradientGraph.Build(Model(y), string.Empty, new GradientOptions { OutputName = "none" })));
        Assert.Equal("GradientNameNotFound", Id(() => GradientGraph.Build(Model(y), string.Empty, new GradientOptions { InputName = "none" })));
        Assert.Equal("GradientNameNotFound", Id(() => GradientGraph.Build(Model(y), string.Empty, new GradientOptions { Parameters = ["none"] })));
        Assert.Equal("GradientIndependent", Id(() => GradientGraph.Build(Model(y), string.Empty, new GradientOptions { Parameters = [w] })));
        Assert.Equal("GradientIndependent", Id(() => GradientGraph.Build(Model(flat), string.Empty, new GradientOptions())));
        Assert.Equal("GradientOutputNotVector", Id(() => GradientGraph.Build(Model(cube), string.Empty, new GradientOptions { Seed = GradientSeed.Cosine })));
        Assert.Equal("ModelNotFound", Id(() => GradientGraph.Build("does-not-exist.onnx")));
        string largest = graph.Op("ArgMax", x);
        Assert.Equal("GradientTypeNotSupported", Id(() => GradientGraph.Build(Model(largest), string.Empty, new GradientOptions())));
        ModelProto bytes = Model(graph.Op("Cast", [x], ("to", (long)OnnxType.Single)));
        bytes.Graph.Node.RemoveAt(0);
        bytes.Graph.Input[0].Type.TensorType.ElemType = OnnxType.UInt8;
        Assert.Equal("GradientTypeNotSupported", Id(() => GradientGraph.Build(bytes.Clone(), string.Empty, new GradientOptions())));
        Assert.Equal("GradientTypeNotSupported", Id(() => GradientGraph.Build(bytes.Clone(), string.Empty, new GradientOptions { InputName = "x" })));
        var wide = new TestGraph(17);
        string doubled = wide.Op("Add", wide.Input(2, 3), "x");
        using (GradientModel precise = GradientModel.Load(GradientGraph.Build(wide.Model(doubled), string.Empty, new GradientOptions())))
        {
            Assert.Equal("GradientTypeNotSupported", Id(() => precise.Evaluate(new float[6], 2, new float[6], new float[6])));
        }

        ModelProto masked = Model(graph.Op("Mul", x, "mask"));
        masked.Graph.Input.Add(masked.Graph.Input[0].Clone());
        masked.Graph.Input[1].Name = "mask";
        using (GradientModel twofold = GradientModel.Load(GradientGraph.Build(masked, string.Empty, new GradientOptions())))
        {
            Assert.Equal("GradientInputMissing", Id(() => twofold.Evaluate(new float[6], 2, new float[6], new float[6])));
        }

        using var folder = new TemporaryFolder();
        byte[] whole = Model(y).ToByteArray();
        foreach (byte[] damaged in (byte[][])[[], [1, 2, 3, 4], whole[..(whole.Length / 2)], [.. "<html>not a model</html>"u8]])
        {
            File.WriteAllBytes(folder.File("damaged.onnx"), damaged);
            Assert.Equal("ModelNotReadable", Id(() => GradientGraph.Build(folder.File("damaged.onnx"))));
        }

        using GradientModel model = GradientModel.Load(GradientGraph.Build(Model(y), string.Empty, new GradientOptions()));
        Assert.Throws<ArgumentException>(() => model.Evaluate(new float[5], 2, new float[6], new float[6]));
        Assert.Throws<ArgumentException>(() => model.Evaluate(new float[6], 2, new float[5], new float[6]));
        Assert.Throws<ArgumentException>(() => model.Evaluate(new float[6], 2, new float[6], new float[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Evaluate([], 0, [], []));
    }

    /// <summary>
    /// The reference pair: a vision transformer with random weights, and another framework's gradient of the mean cosine.
    /// </summary>
    [Fact]
    public void TheReferenceModelsPixelGradientIsReproduced()
    {
        string folder = TestData.ReferenceClip;
        using GradientModel model = GradientModel.Load(Path.Combine(folder, "vision_model.onnx"), new GradientOptions { Seed = GradientSeed.Cosine });
        float[] pixels = Npy(Path.Combine(folder, "pixels.npy"));
        float[] target = Npy(Path.Combine(folder, "target.npy"));
        float[] expected = Npy(Path.Combine(folder, "pixel_gradient.npy"));
        int batch = pixels.Length / model.InputLength;
        float[] gradient = new float[pixels.Length];
        model.Evaluate(pixels, batch, target, gradient);
        double norm = Math.Sqrt(Dot(target, target));
        double error = gradient.Zip(expected, (a, b) => Math.Pow((a / norm / batch) - b, 2)).Sum();
        Assert.InRange(Math.Sqrt(error / Dot(expected, expected)), 0, 1e-4);
    }

    private static float[] Npy(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int header = BitConverter.ToUInt16(bytes, 8) + 10;
        float[] values = new float[(bytes.Length - header) / sizeof(float)];
        Buffer.BlockCopy(bytes, header, values, 0, values.Length * sizeof(float));
        return values;
    }

    private static float[] Single(double[] values) => Array.ConvertAll(values, v => (float)v);

    private static float[] Normals(RandomSource random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextNormal())];

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
