using QosValuation.Onnx.Gradients;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class GradientPassesTests
{
    [Fact]
    public void TheOutputIsTheOneThatIsNamedOrTheFirst()
    {
        foreach ((string? named, string expected) in ((string?, string)[])[(null, "first"), ("image_embeds", "image_embeds"), ("first", "first")])
        {
            GradientDraft draft = Draft(new GradientOptions { OutputName = named });
            GradientPasses.SelectOutput(draft);
            Assert.Equal(expected, draft.OutputName);
            Assert.Equal([expected], draft.Graph.Outputs.Select(output => output.Name));
        }

        GradientDraft third = Draft(new GradientOptions { OutputName = "third" });
        QosValuationException fault = Assert.Throws<QosValuationException>(() => GradientPasses.SelectOutput(third));
        Assert.Equal("GradientNameNotFound", fault.ErrorId);
        Assert.Contains("first, image_embeds", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatTheOutputDoesNotNeedIsDropped()
    {
        GradientDraft draft = Draft(new GradientOptions { OutputName = "first" });
        GradientPasses.SelectOutput(draft);
        GradientPasses.DropUnusedParts(draft);
        Assert.Equal(["Relu"], draft.Graph.Nodes.Select(node => node.OpType));
        Assert.Equal(["x"], draft.Graph.Inputs.Select(input => input.Name));
        Assert.Empty(draft.Graph.Initializers);

        GradientDraft named = Draft(new GradientOptions { OutputName = "first", Parameters = ["w"] });
        GradientPasses.SelectOutput(named);
        Assert.Equal("GradientIndependent", Assert.Throws<QosValuationException>(() => GradientPasses.DropUnusedParts(named)).ErrorId);
    }

    [Fact]
    public void ConstantNodesBecomeInitialisers()
    {
        GradientDraft draft = Draft(new GradientOptions());
        draft.Graph.Nodes.Insert(0, OnnxGraph.MakeNode("Constant", [], ["two"], ("value_float", 2f)));
        GradientPasses.LiftConstants(draft);
        Assert.DoesNotContain(draft.Graph.Nodes, node => node.OpType == "Constant");
        Assert.Equal(2, draft.Graph.ConstantScalar("two"));
        Assert.Equal(OnnxType.Single, draft.Graph.TypeOf("two"));
    }

    [Fact]
    public void NamedWeightsBecomeInputs()
    {
        GradientDraft draft = Draft(new GradientOptions { Parameters = ["w"] });
        GradientPasses.PromoteParameters(draft);
        Assert.Equal("w", draft.Graph.Inputs[^1].Name);
        Assert.Equal([3L], draft.Parameters["w"].Dims);
        Assert.DoesNotContain("w", draft.Graph.Initializers.Keys);
    }

    [Fact]
    public void TheInputIsTheOneThatIsNamedOrTheFirstOfFloatingPointNumbers()
    {
        foreach ((string? named, string expected) in ((string?, string)[])[(null, "x"), ("y", "y")])
        {
            GradientDraft draft = Draft(new GradientOptions { InputName = named });
            draft.Graph.InferTypes();
            GradientPasses.SelectInput(draft);
            Assert.Equal(expected, draft.InputName);
        }

        GradientDraft whole = Draft(new GradientOptions { InputName = "ids" });
        whole.Graph.InferTypes();
        Assert.Equal("GradientTypeNotSupported", Assert.Throws<QosValuationException>(() => GradientPasses.SelectInput(whole)).ErrorId);
    }

    [Fact]
    public void EveryPassHasANameOfItsOwnAndTogetherTheyBuildTheGradient()
    {
        Assert.Equal(GradientPasses.All.Count, GradientPasses.All.Select(pass => pass.Name).Distinct().Count());
        GradientDraft draft = Draft(new GradientOptions { OutputName = "image_embeds", Parameters = ["w"], Seed = GradientSeed.Cosine });
        foreach (GradientPass pass in GradientPasses.All)
        {
            pass.Run(draft);
        }

        Assert.Equal(["x", "w"], draft.GradientNames.Keys);
        Assert.Equal(2, draft.ForwardNodeCount);
        Assert.Equal(["image_embeds", draft.ScoreName!, .. draft.GradientNames.Values], draft.Graph.Outputs.Select(output => output.Name));
    }

    /// <summary>Two outputs: first = relu(x), and image_embeds = (x + y)·w; and an input of whole numbers that nothing reads.</summary>
    private static GradientDraft Draft(GradientOptions options)
    {
        var shape = new TensorShapeProto
        {
            Dim = { new TensorShapeProto.Types.Dimension { DimParam = "batch" }, new TensorShapeProto.Types.Dimension { DimValue = 3 } },
        };
        var graph = new GraphProto { Name = "test" };
        graph.Input.Add(GradientDraft.Declare("ids", OnnxType.Int64, shape));
        graph.Input.Add(GradientDraft.Declare("x", OnnxType.Single, shape));
        graph.Input.Add(GradientDraft.Declare("y", OnnxType.Single, shape));
        graph.Output.Add(GradientDraft.Declare("first", OnnxType.Single, shape));
        graph.Output.Add(GradientDraft.Declare("image_embeds", OnnxType.Single, shape));
        graph.Initializer.Add(OnnxExtensions.FloatTensor("w", OnnxType.Single, [1, 2, 3], 3));
        graph.Node.Add(OnnxGraph.MakeNode("Relu", ["x"], ["first"]));
        graph.Node.Add(OnnxGraph.MakeNode("Add", ["x", "y"], ["sum"]));
        graph.Node.Add(OnnxGraph.MakeNode("Mul", ["sum", "w"], ["image_embeds"]));
        var model = new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 18 } } };
        return new GradientDraft(new OnnxGraph(model, string.Empty), options);
    }
}
