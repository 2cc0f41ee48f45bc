using System.CommandLine;
using System.Globalization;
using QosValuation;
using QosValuation.Runner;
using Spectre.Console;

var output = new Option<DirectoryInfo>("--output", "-o") { Description = "The folder for the results; created, and its files replaced.", DefaultValueFactory = _ => new DirectoryInfo("results") };
var images = new Option<DirectoryInfo?>("--images") { Description = "A folder of photographs; with --annotations, the image folder of the dataset. Default: generated scenes." };
var annotations = new Option<FileInfo?>("--annotations") { Description = "A COCO captions file such as captions_val2017.json." };
var model = new Option<string?>("--model") { Description = "A model's name (clip-mini, ViT-B-32) or folder. Default: clip-mini." };
var count = new Option<int>("--count") { Description = "How many scenes to generate.", DefaultValueFactory = _ => 400 };
var contributors = new Option<int>("--contributors") { Description = "Among how many contributors the records are divided.", DefaultValueFactory = _ => 8 };
var gamma = new Option<int>("--novelty-threshold") { Description = "Γ: the first Γ records of a cluster are novel.", DefaultValueFactory = _ => ReproductionOptions.DefaultNoveltyThreshold };
var similarity = new Option<double?>("--similarity-threshold") { Description = "The cosine at which a record joins a cluster, from 0 to 1. Default: the clustering's own." };
var epsilon = new Option<double>("--epsilon") { Description = "ε of the private prototypes.", DefaultValueFactory = _ => 1 };
var delta = new Option<double>("--delta") { Description = "δ of the private prototypes.", DefaultValueFactory = _ => 1e-5 };
var supply = new Option<double>("--supply") { Description = "V: the tokens to allocate. Default: half of what the buckets hold." };
var capacity = new Option<double>("--capacity") { Description = "B: each bucket's capacity in tokens.", DefaultValueFactory = _ => 4 };
var rounds = new Option<int>("--rounds") { Description = "Simulation rounds for each point of figures 4 and 5.", DefaultValueFactory = _ => 1000 };
var seed = new Option<int>("--seed") { Description = "The seed of everything random.", DefaultValueFactory = _ => 1 };
var cache = new Option<FileInfo?>("--cache") { Description = "An embedding cache (SQLite): a second run skips inference." };

var reproduce = new Command("reproduce", "Runs the paper's pipeline end to end, prints a summary, and writes report.html and a CSV for each experiment.")
{
    output, images, annotations, model, count, contributors, gamma, similarity, epsilon, delta, supply, capacity, rounds, seed, cache,
};
reproduce.SetAction((parsed, cancellation) =>
{
    var options = new ReproductionOptions
    {
        Output = parsed.GetRequiredValue(output).FullName,
        Images = parsed.GetValue(images)?.FullName,
        Annotations = parsed.GetValue(annotations)?.FullName,
        Model = parsed.GetValue(model),
        SceneCount = parsed.GetValue(count),
        Contributors = parsed.GetValue(contributors),
        NoveltyThreshold = parsed.GetValue(gamma),
        SimilarityThreshold = parsed.GetValue(similarity),
        Epsilon = parsed.GetValue(epsilon),
        Delta = parsed.GetValue(delta),
        Supply = parsed.GetResult(supply) is null ? null : parsed.GetValue(supply),
        Capacity = parsed.GetValue(capacity),
        Rounds = parsed.GetValue(rounds),
        Seed = parsed.GetValue(seed),
        CachePath = parsed.GetValue(cache)?.FullName,
    };
    try
    {
        new Reproduction(options, AnsiConsole.Console, cancellation).Run();
        return Task.FromResult(0);
    }
    catch (QosValuationException fault)
    {
        AnsiConsole.MarkupLineInterpolated(CultureInfo.CurrentCulture, $"[red]{fault.ErrorId}[/]: {fault.Message}");
        return Task.FromResult(1);
    }
    catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
    {
        AnsiConsole.MarkupLineInterpolated(CultureInfo.CurrentCulture, $"[red]ResultsNotWritable[/]: {fault.Message} Choose a folder for --output that you may write to, or make room.");
        return Task.FromResult(1);
    }
    catch (OperationCanceledException)
    {
        AnsiConsole.MarkupLine("[yellow]Stopped.[/] What was finished is in the results folder.");
        return Task.FromResult(130);
    }
});

return await new RootCommand("QosValuation's experiments where there is no PowerShell.") { reproduce }.Parse(args).InvokeAsync().ConfigureAwait(false);
