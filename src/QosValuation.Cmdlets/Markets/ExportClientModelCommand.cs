using System.Management.Automation;
using QosValuation.Markets.Models;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Writes the model that a client trained in a model market as an ONNX file.</summary>
/// <remarks>
/// <para>Rows come from Invoke-ModelMarket with -PassThru; the last round of the client counts. The model is the one that the client shared in it: trained, and
/// as -Epsilon or an -Attack left it.</para>
/// <para>Where clients trained an .onnx file (-LearnerPath), the new file is that one with other values of the trained weights; all else is as it was. The
/// file has to be the same as when the run began. Logistic and Mlp become linear layers with rectified units (Gemm and Relu, opset 13), with an
/// input embedding, float [N, D], and an output scores, float [N, C]. Scores are those of the row's Classes, in that order; a softmax makes probabilities of
/// them.</para>
/// <para>The file appears whole or not at all.</para>
/// </remarks>
/// <example>
/// <summary>A client's model, and one that goes on from it.</summary>
/// <code>$rows = $clients | Invoke-ModelMarket Local -Learner Mlp -Hidden 8 -Round 1 -LocalStep 20 -PassThru -Seed 1
/// $rows | Export-ClientModel ./first.onnx -Client $rows[0].Client
/// $clients | Invoke-ModelMarket Local -LearnerPath ./first.onnx -Trainable head.* -Round 1 -LocalStep 20 -Seed 1</code>
/// </example>
/// <seealso>Invoke-ModelMarket</seealso>
[Cmdlet(VerbsData.Export, "ClientModel", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportClientModelCommand : QosCmdlet
{
    private readonly Dictionary<(string Client, FederatedAlgorithm Algorithm, int Seed), ModelMarketRound> _last = [];

    /// <summary>Rows of Invoke-ModelMarket with -PassThru.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(ModelMarketRound))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The .onnx file to write.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("LiteralPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>The client whose model is written; needed where rows are of several.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Client { get; set; }

    /// <summary>Replace a file that exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (ModelMarketRound row in Records<ModelMarketRound>(InputObject))
        {
            (string, FederatedAlgorithm, int) key = (row.Client, row.Algorithm, row.Seed);
            if ((Client is null || row.Client == Client) && (!_last.TryGetValue(key, out ModelMarketRound? known) || row.Round >= known.Round))
            {
                _last[key] = row;
            }
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_last.Count == 0 && Client is null)
        {
            WriteWarning($"There was no row of a model market, so that nothing was written to '{ResolveNewPath(Path)}'.");
            return;
        }

        if (_last.Count != 1)
        {
            ModelMarketRound[] some = [.. _last.Values.Take(2)];
            string found = some.Length == 0 ? $"There is no row of '{Client}'"
                : some[0].Client != some[1].Client ? $"There are rows of several clients, such as '{some[0].Client}' and '{some[1].Client}'"
                : $"There are rows of several runs of '{some[0].Client}'";
            throw new QosValuationException(
                Faults.ClientModelAmbiguous, $"{found}: give -Client, and rows of one algorithm and seed. Nothing was written.", Client ?? Path);
        }

        string target = ResolveNewPath(Path);
        ModelMarketRound row = _last.Values.Single();
        if (!ShouldProcess(target, $"Write the model of '{row.Client}' after round {row.Round} of {row.Algorithm}"))
        {
            return;
        }

        RequireNew(target, Force);
        ClientModelFile.Write(row, target);
        WriteRecord(new FileInfo(target));
    }
}
