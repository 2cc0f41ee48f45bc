using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using QosValuation.Allocation;
using QosValuation.Clustering;
using QosValuation.Datasets;
using QosValuation.Numerics;
using QosValuation.Privacy;
using QosValuation.Valuation;
using Spectre.Console;

namespace QosValuation.Runner;

/// <summary>
/// The paper's pipeline from photographs to fairness, and its figures 4 to 6: prints what it finds and writes a CSV for
/// each experiment. Everything random comes from one seed; the streams are numbered below so that no two experiments share one.
/// </summary>
internal sealed partial class Reproduction(ReproductionOptions options, IAnsiConsole console, CancellationToken cancellation)
{
    private const ulong ContributorStream = 1;
    private const ulong NoiseStream = 2;
    private const ulong AllocationStream = 3;

    private static readonly AllocationScheme[] Schemes = Enum.GetValues<AllocationScheme>();

    private readonly List<(string Experiment, string Finding, string File)> _summary = [];
    private int _faults;

    public void Run()
    {
        options.Validate();
        Directory.CreateDirectory(options.Output);
        var total = Stopwatch.StartNew();

        IReadOnlyList<CocoItem> items = Step("Dataset", LoadDataset);
        ClipEmbedding[] embeddings = Step("Embeddings", () => Embed(items));
        (IReadOnlyList<SemanticCluster> clusters, IReadOnlyList<ClipEmbedding> labelled) = Step("Clusters", () => Cluster(embeddings));
        Step("Prototypes", () => ReleasePrototypes(clusters));
        IReadOnlyList<DataValue> values = Step("Data values", () => Value(labelled));
        Step("Allocation", () => Allocate(values));
        Step("Figure 4", () => Simulate("figure4", "α", [500], [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]));
        Step("Figure 5", () => Simulate("figure5", "N", [100, 200, 300, 400, 500, 750, 1000, 1500, 2000], [0.5]));
        Step("Figure 6", () => SimulateValuation(embeddings));
        Step("Figure 7", () => Reconstruct(clusters));

        WriteReport(total.Elapsed);
        WriteSummary(total.Elapsed);
    }

    private static string Number(double value, string format = "F3") => value.ToString(format, CultureInfo.InvariantCulture);

    private static T Timed<T>(Func<T> work, out TimeSpan elapsed)
    {
        long start = Stopwatch.GetTimestamp();
        T result = work();
        elapsed = Stopwatch.GetElapsedTime(start);
        return result;
    }

    private T Step<T>(string name, Func<T> work)
    {
        cancellation.ThrowIfCancellationRequested();
        T result = Timed(() => console.Profile.Out.IsTerminal ? console.Status().Start(name, _ => work()) : work(), out TimeSpan elapsed);
        _timings.Add(new(name, elapsed));
        console.MarkupLineInterpolated(CultureInfo.CurrentCulture, $"[green]{name,-12}[/] {_summary[^1].Finding} [grey]({elapsed.TotalSeconds:F1} s)[/]");
        return result;
    }

    private void Report(string experiment, string finding, ResultTable table)
    {
        string path = Save(table);
        _summary.Add((experiment, finding, Path.GetFileName(path)));
    }

    private void OnFault(QosValuationException fault)
    {
        // The first few are shown, the rest counted: a folder of a thousand missing files must not hide the results.
        if (++_faults <= 5)
        {
            console.MarkupLineInterpolated(CultureInfo.CurrentCulture, $"[yellow]{fault.ErrorId}[/]: {fault.Message}");
        }
    }

    private IReadOnlyList<CocoItem> LoadDataset()
    {
        CocoItem[] items;
        string origin;
        if (options.Annotations is not null)
        {
            items = [.. CocoDataset.Read(options.Annotations, options.Images, onFault: OnFault, cancellation: cancellation)];
            origin = Path.GetFileName(options.Annotations);
        }
        else if (options.Images is not null)
        {
            items =
            [
                .. Directory.EnumerateFiles(options.Images, "*", new EnumerationOptions { RecurseSubdirectories = true })
                    .Where(ImageFiles.IsImage)
                    .Order(StringComparer.Ordinal)
                    .Select((path, i) => new CocoItem { ImageId = i + 1, Path = path, Captions = [] }),
            ];
            origin = options.Images;
        }
        else
        {
            items = [.. ImageFiles.Scenes(Path.Combine(options.Output, "scenes"), options.SceneCount, options.Contributors, options.Seed, cancellation)];
            origin = "generated scenes";
        }

        if (items.Length == 0)
        {
            throw new QosValuationException("NoImagesFound", FaultKind.NotFound, $"No photographs were found in {origin}.", options.Images ?? options.Annotations);
        }

        var table = new ResultTable("dataset", "ImageId", "Path", "Contributor", "Captions");
        foreach (CocoItem item in items)
        {
            table.Add(item.ImageId, Path.GetRelativePath(options.Output, item.Path!), ImageFiles.Contributor(item), item.Captions.Count);
        }

        Report("Dataset", string.Create(CultureInfo.InvariantCulture, $"{items.Length} photographs, {items.Sum(item => item.Captions.Count)} captions from {origin}"), table);
        return items;
    }

    private ClipEmbedding[] Embed(IReadOnlyList<CocoItem> items)
    {
        ClipEmbedding[] embeddings = AssignContributors(Timed(() => ImageFiles.Embed(items, options.Model, options.CachePath, OnFault, cancellation).ToArray(), out TimeSpan elapsed));
        if (embeddings.Length == 0)
        {
            throw new QosValuationException("NoEmbeddings", FaultKind.InvalidData, "Nothing could be embedded; see the messages above.");
        }

        using (EmbeddingWriter writer = EmbeddingWriter.Create(Path.Combine(options.Output, "embeddings.npy")))
        {
            foreach (ClipEmbedding embedding in embeddings)
            {
                writer.Write(embedding);
            }

            writer.Complete();
        }

        // How well the model knows these data: does a photograph find its own caption among all first captions?
        var table = new ResultTable("retrieval", "Item", "Rank", "Captions");
        (ClipEmbedding Image, ClipEmbedding Text)[] pairs =
        [
            .. embeddings.GroupBy(embedding => embedding.Item)
                .Select(group => (Image: group.FirstOrDefault(e => e.Modality == Modality.Image), Text: group.FirstOrDefault(e => e.Modality == Modality.Text)))
                .Where(pair => pair.Image is not null && pair.Text is not null)
                .Select(pair => (pair.Image!, pair.Text!)),
        ];
        var ranks = new List<int>();
        foreach ((ClipEmbedding image, ClipEmbedding own) in pairs)
        {
            float score = TensorPrimitives.Dot<float>(image.Vector, own.Vector);
            int rank = 1 + pairs.Count(pair => TensorPrimitives.Dot<float>(image.Vector, pair.Text.Vector) > score);
            ranks.Add(rank);
            table.Add(Path.GetFileName(image.Source), rank, pairs.Length);
        }

        ranks.Sort();
        string quality = ranks.Count == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"; a photograph's own caption ranks {ranks[ranks.Count / 2]} of {ranks.Count} in the median");
        Report("Embeddings", string.Create(CultureInfo.InvariantCulture, $"{embeddings.Length} vectors of {embeddings[0].Dimension} by {embeddings[0].Model}, {embeddings.Length / elapsed.TotalSeconds:F0} a second{quality}"), table);
        return embeddings;
    }

    /// <summary>Photographs of one folder have one contributor; to have something to compare they are divided unevenly, by a seeded draw.</summary>
    private ClipEmbedding[] AssignContributors(ClipEmbedding[] embeddings)
    {
        if (options.Contributors == 1 || embeddings.Select(embedding => embedding.Contributor).Distinct().Skip(1).Any())
        {
            return embeddings;
        }

        RandomSource random = RandomSource.Create(options.Seed, ContributorStream);
        double[] share = [.. Enumerable.Range(0, options.Contributors).Select(_ => -Math.Log(random.NextPositiveDouble()))]; // Dirichlet(1)
        double sum = share.Sum();
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ClipEmbedding embedding in embeddings)
        {
            if (!owners.ContainsKey(embedding.Item))
            {
                double draw = random.NextDouble() * sum;
                int owner = 0;
                while (owner < share.Length - 1 && (draw -= share[owner]) >= 0)
                {
                    owner++;
                }

                owners.Add(embedding.Item, string.Create(CultureInfo.InvariantCulture, $"contributor-{owner + 1:D2}"));
            }
        }

        return [.. embeddings.Select(embedding => embedding with { Contributor = owners[embedding.Item] })];
    }

    private (IReadOnlyList<SemanticCluster> Clusters, IReadOnlyList<ClipEmbedding> Labelled) Cluster(ClipEmbedding[] embeddings)
    {
        var labelled = new List<ClipEmbedding>(embeddings.Length);
        var clusterer = EmbeddingClusterer.Create(
            new ClusteringOptions { NoveltyThreshold = options.NoveltyThreshold, SimilarityThreshold = options.SimilarityThreshold, Seed = options.Seed }, labelled.Add, OnFault);
        foreach (ClipEmbedding embedding in embeddings)
        {
            clusterer.Add(embedding);
        }

        clusterer.Complete(cancellation);
        var table = new ResultTable("clusters", "ClusterId", "Records", "Contributors", "IsConfirmed", "ConfirmedAt");
        foreach (SemanticCluster cluster in clusterer.Clusters)
        {
            table.Add(cluster.Id, cluster.Count, cluster.Members.Select(member => member.Contributor).Distinct().Count(), cluster.IsConfirmed, cluster.ConfirmedAt);
        }

        Report("Clusters", string.Create(CultureInfo.InvariantCulture, $"{clusterer.Clusters.Count} clusters, {clusterer.Clusters.Count(cluster => cluster.IsConfirmed)} confirmed at Γ = {options.NoveltyThreshold}, {clusterer.NoiseCount} of {clusterer.RecordCount} records are noise"), table);
        return (clusterer.Clusters, labelled);
    }

    private bool ReleasePrototypes(IReadOnlyList<SemanticCluster> clusters)
    {
        var table = new ResultTable("prototypes", "Mechanism", "ClusterId", "Modality", "Count", "Epsilon", "Delta", "Sensitivity", "Sigma", "IsFormal", "CosineToClean", "FindsOwnCluster");
        SemanticCluster[] confirmed = [.. clusters.Where(cluster => cluster.IsConfirmed)];

        // The same means without noise: what the releases are compared with.
        List<DpPrototype> clean = Release(confirmed, new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp, PerturbationCoefficient = 0 });
        var findings = new List<string>();
        foreach (PrivacyMechanism mechanism in Enum.GetValues<PrivacyMechanism>())
        {
            List<DpPrototype> released = Release(confirmed, new PrototypeReleaseOptions { Mechanism = mechanism, Epsilon = options.Epsilon, Delta = options.Delta });
            int found = 0;
            double cosines = 0;
            foreach ((DpPrototype prototype, DpPrototype own) in released.Zip(clean))
            {
                double cosine = TensorPrimitives.CosineSimilarity<float>(prototype.Vector, own.Vector);
                DpPrototype nearest = clean.Where(other => other.Modality == own.Modality).MaxBy(other => TensorPrimitives.CosineSimilarity<float>(prototype.Vector, other.Vector))!;
                bool finds = nearest.ClusterId == own.ClusterId;
                found += finds ? 1 : 0;
                cosines += cosine;
                table.Add(mechanism, prototype.ClusterId, prototype.Modality, prototype.Count, prototype.Epsilon, prototype.Delta, prototype.Sensitivity, prototype.Sigma, prototype.IsFormal, cosine, finds);
            }

            if (released.Count > 0)
            {
                findings.Add(string.Create(CultureInfo.InvariantCulture, $"{mechanism} {cosines / released.Count:F2} ({found}/{released.Count})"));
            }
        }

        Report("Prototypes", findings.Count == 0
            ? "no cluster is confirmed, so nothing is released"
            : string.Create(CultureInfo.InvariantCulture, $"ε = {options.Epsilon}: mean cosine to the clean prototype (that still find their cluster): {string.Join(", ", findings)}"), table);
        return true;
    }

    private List<DpPrototype> Release(IEnumerable<SemanticCluster> clusters, PrototypeReleaseOptions release)
    {
        var releaser = new PrototypeReleaser(release, RandomSource.Create(options.Seed, NoiseStream + ((ulong)release.Mechanism << 8)));
        return [.. clusters.SelectMany(releaser.Release)];
    }

    private IReadOnlyList<DataValue> Value(IReadOnlyList<ClipEmbedding> labelled)
    {
        var estimator = new DataValueEstimator(noveltyThreshold: null, similarityThreshold: null, OnFault);
        foreach (ClipEmbedding embedding in labelled)
        {
            estimator.Add(embedding);
        }

        IReadOnlyList<DataValue> values = estimator.Complete(cancellation);
        var table = new ResultTable("data-values", "Contributor", "Quantity", "Novel", "Normal", "Noise", "Novelty", "Value");
        foreach (DataValue value in values)
        {
            table.Add(value.Contributor, value.Quantity, value.Novel, value.Normal, value.Noise, value.Novelty, value.Value);
        }

        Report("Data values", string.Create(CultureInfo.InvariantCulture, $"{values.Count} contributors, f(d) from {values.Min(value => value.Value):F2} to {values.Max(value => value.Value):F2}"), table);
        return values;
    }

    private bool Allocate(IReadOnlyList<DataValue> values)
    {
        TokenAgent[] agents = [.. values.Select(value => new TokenAgent { Agent = value.Contributor, Value = value.Value, Capacity = options.Capacity })];
        double supply = options.Supply ?? agents.Length * options.Capacity / 2;
        var grantTable = new ResultTable("allocation", "Scheme", "Agent", "Value", "Tokens", "Capacity", "Remaining", "RewardRate");
        var table = new ResultTable("fairness", "Scheme", "Agents", "Supply", "Allocated", "SocialWelfare", "Jain", "Gini", "MinRate", "MaxRate");
        var findings = new List<string>();
        foreach (AllocationScheme scheme in Schemes)
        {
            TokenGrant[] grants = TokenAllocator.Allocate(agents, supply, scheme, random: RandomSource.Create(options.Seed, AllocationStream));
            foreach (TokenGrant grant in grants)
            {
                grantTable.Add(scheme, grant.Agent, grant.Value, grant.Tokens, grant.Capacity, grant.Remaining, grant.RewardRate);
            }

            FairnessReport report = Fairness.Measure(grants);
            table.Add(scheme, report.Count, report.Supply, report.Allocated, report.SocialWelfare, report.Jain, report.Gini, report.MinRate, report.MaxRate);
            findings.Add(scheme + " " + Number(report.Jain));
        }

        Save(grantTable);
        Report("Fairness", string.Create(CultureInfo.InvariantCulture, $"{supply:G4} tokens, Jain's index: {string.Join(", ", findings)}"), table);
        return true;
    }

    private bool Simulate(string name, string variable, IReadOnlyList<int> agents, IReadOnlyList<double> alphas)
    {
        var table = new ResultTable(name, "Scheme", "Agents", "Alpha", "Supply", "Capacity", "Rounds", "Jain", "JainStandardError", "Gini", "GiniStandardError");
        AllocationSimulationResult[] rows =
        [
            .. AllocationSimulation.Run(
                new AllocationSimulationOptions { Agents = agents, Alphas = alphas, Rounds = options.Rounds, Seed = options.Seed }, cancellationToken: cancellation),
        ];
        foreach (AllocationSimulationResult row in rows)
        {
            table.Add(row.Scheme, row.Agents, row.Alpha, row.Supply, row.Capacity, row.Rounds, row.Jain, row.JainStandardError, row.Gini, row.GiniStandardError);
        }

        // The paper's claim: the proposed scheme is the fairest at every point.
        var points = rows.GroupBy(row => (row.Agents, row.Alpha)).ToArray();
        int best = points.Count(point => point.MaxBy(row => row.Jain)!.Scheme == AllocationScheme.Proposed && point.MinBy(row => row.Gini)!.Scheme == AllocationScheme.Proposed);
        Report(name == "figure4" ? "Figure 4" : "Figure 5", string.Create(CultureInfo.InvariantCulture, $"Proposed is the fairest by both indices at {best} of {points.Length} values of {variable}"), table);
        return true;
    }

    private void WriteSummary(TimeSpan elapsed)
    {
        var summary = new ResultTable("summary", "Experiment", "Finding", "File");
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("Experiment", "Finding", "File");
        foreach ((string experiment, string finding, string file) in _summary)
        {
            summary.Add(experiment, finding, file);
            table.AddRow(new Text(experiment), new Text(finding), new Text(file));
        }

        summary.Save(options.Output);
        console.WriteLine();
        console.Write(table);
        if (_faults > 0)
        {
            console.MarkupLineInterpolated(CultureInfo.CurrentCulture, $"[yellow]{_faults} items could not be used.[/]");
        }

        console.MarkupLineInterpolated(CultureInfo.CurrentCulture, $"Written to {options.Output} in {elapsed.TotalSeconds:F0} s; seed {options.Seed}.");
    }
}
