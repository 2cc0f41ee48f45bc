using System.CommandLine;
using QosValuation.Bench;

var images = new Option<DirectoryInfo>("--images") { Description = "A folder of photographs.", Required = true };
var model = new Option<string?>("--model") { Description = "A model's name or folder, such as clip-mini. Default: clip-small." };
var batch = new Option<int>("--batch-size") { Description = "Images a batch.", DefaultValueFactory = _ => 16 };
var repeats = new Option<int>("--repeats") { Description = "How often each side is measured, in turn.", DefaultValueFactory = _ => 5 };
var peer = new Option<DirectoryInfo?>("--peer") { Description = "The folder of the npm peer (bench/peer after npm ci --ignore-scripts): compares with transformers.js over the same ONNX file." };
var copies = new Option<int>("--copies") { Description = "For memory: how many times the folder is embedded in one stream.", DefaultValueFactory = _ => 10 };

var embedding = new Command("embedding", "Throughput of the whole pipeline against the bare inference session fed with ready tensors, and against the npm peer.") { images, model, batch, repeats, peer };
embedding.SetAction(parsed => EmbeddingBenchmark.Throughput(
    parsed.GetRequiredValue(images).FullName, parsed.GetValue(model), parsed.GetValue(batch), parsed.GetValue(repeats), parsed.GetValue(peer)?.FullName));
var memory = new Command("memory", "Peak memory of embedding a folder once and many times in one stream.") { images, model, batch, copies };
memory.SetAction(parsed => EmbeddingBenchmark.Memory(parsed.GetRequiredValue(images).FullName, parsed.GetValue(model), parsed.GetValue(batch), parsed.GetValue(copies)));

var enlarged = new Option<int>("--enlarged") { Description = "How many of them are enlarged to 12 megapixels as well.", DefaultValueFactory = _ => 30 };
var decode = new Command("decode", "How near the vectors of -Decode Fast come to those of Exact, on photographs as they are and enlarged to 12 megapixels.") { images, model, enlarged };
decode.SetAction(parsed => DecodeBenchmark.Run(parsed.GetRequiredValue(images).FullName, parsed.GetValue(model), parsed.GetValue(enlarged)));

var vision = new Option<FileInfo>("--vision-model") { Description = "A vision model in ONNX, such as a ViT-B/32.", Required = true };
var batches = new Option<int[]>("--batches") { Description = "Batch sizes.", DefaultValueFactory = _ => [8, 16, 32], AllowMultipleArgumentsPerToken = true };
var gradient = new Command("gradient", "Forward plus backward over the forward pass alone, and peak memory.") { vision, batches, repeats };
gradient.SetAction(parsed => GradientBenchmark.Run(parsed.GetRequiredValue(vision).FullName, parsed.GetRequiredValue(batches), parsed.GetValue(repeats)));

var agents = new Option<int>("--agents") { Description = "Agents an allocation.", DefaultValueFactory = _ => 1_000_000 };
var rounds = new Option<int>("--repeats") { Description = "How often each side is measured, in turn.", DefaultValueFactory = _ => 31 };
var sortPython = new Option<string?>("--python") { Description = "A Python that has NumPy: compares the schemes that sort with its argsort of as many doubles." };
var allocation = new Command("allocation", "Allocations of a million agents against a plain copy of the same bytes.") { agents, rounds, sortPython };
allocation.SetAction(parsed => AllocationBenchmark.Run(parsed.GetValue(agents), parsed.GetValue(rounds), parsed.GetValue(sortPython)));

var records = new Option<int>("--records") { Description = "Records clustered, divided among the turns.", DefaultValueFactory = _ => 100_000 };
var clusters = new Option<int>("--clusters") { Description = "Clusters they are compared with.", DefaultValueFactory = _ => 10_000 };
var threads = new Option<int>("--threads") { Description = "The most threads.", DefaultValueFactory = _ => 1 };
var turns = new Option<int>("--repeats") { Description = "How often each side is measured, in turn.", DefaultValueFactory = _ => 15 };
var clustering = new Command("clustering", "Online clustering as a fraction of the processor's peak multiply rate, beside ONNX Runtime's matrix product.") { records, clusters, threads, turns };
clustering.SetAction(parsed => ClusteringBenchmark.Run(parsed.GetValue(records), parsed.GetValue(clusters), parsed.GetValue(threads), parsed.GetValue(turns)));
var grouping = new Command("clustering-memory", "What online grouping keeps of very many records.") { records, clusters, threads };
grouping.SetAction(parsed => ClusteringBenchmark.Memory(parsed.GetValue(records), parsed.GetValue(clusters), parsed.GetValue(threads)));

var many = new Option<int>("--clusters") { Description = "Clusters they are compared with.", DefaultValueFactory = _ => 200_000 };
var compared = new Option<int>("--records") { Description = "Records compared, divided among the turns.", DefaultValueFactory = _ => 1_280 };
var intrinsic = new Option<int>("--intrinsic") { Description = "The dimension of a plane that the clusters lie in; 0 for directions anywhere.", DefaultValueFactory = _ => 0 };
var search = new Command("clustering-search", "The approximate search for the nearest of very many clusters against the exact one, with its recall.") { compared, many, threads, repeats, intrinsic };
search.SetAction(parsed => ScaleBenchmark.Search(
    parsed.GetValue(compared), parsed.GetValue(many), parsed.GetValue(threads), parsed.GetValue(repeats), parsed.GetValue(intrinsic)));

var streamed = new Option<int>("--vectors") { Description = "Vectors streamed from Parquet; 0 for none.", DefaultValueFactory = _ => 1_000_000 };
var allocated = new Option<int>("--agents") { Description = "Agents allocated to from columns; 0 for none.", DefaultValueFactory = _ => 10_000_000 };
var scaleModule = new Option<FileInfo>("--module") { Description = "The module's manifest.", DefaultValueFactory = _ => new FileInfo("out/QosValuation/QosValuation.psd1") };
var scratch = new Option<DirectoryInfo>("--folder") { Description = "Where the files are written, 2 KB a vector, and removed.", DefaultValueFactory = _ => new DirectoryInfo(Path.GetTempPath()) };
var scale = new Command("scale", "Peak memory and time of vectors streamed through Group-Embedding, and of agents through Invoke-TokenAllocation's columns, in PowerShell (Linux).") { streamed, allocated, scaleModule, scratch };
scale.SetAction(parsed => ScaleBenchmark.Memory(
    parsed.GetValue(streamed), parsed.GetValue(allocated), parsed.GetRequiredValue(scaleModule).FullName, parsed.GetRequiredValue(scratch).FullName));

var bids = new Option<int>("--bids") { Description = "Offers an auction.", DefaultValueFactory = _ => 1_000_000 };
var auctionRounds = new Option<int>("--repeats") { Description = "How often each side is measured, in turn.", DefaultValueFactory = _ => 7 };
var python = new Option<string>("--python") { Description = "A Python with NumPy.", DefaultValueFactory = _ => "python3" };
var auction = new Command("auction", "All Q-MIA thresholds and proportional-share payments of a million offers against NumPy, columns in and out.") { bids, auctionRounds, python };
auction.SetAction(parsed => AuctionBenchmark.Run(parsed.GetValue(bids), parsed.GetValue(auctionRounds), parsed.GetRequiredValue(python)));

var coordinates = new Option<int>("--coordinates") { Description = "Coordinates a measurement.", DefaultValueFactory = _ => 1_000_000 };
var noise = new Command("noise", "Exact noise of the discrete Gaussian beside floating-point noise, on one core.") { coordinates, repeats };
noise.SetAction(parsed => SamplerBenchmark.Run(parsed.GetValue(coordinates), parsed.GetValue(repeats)));

var points = new Option<int>("--points") { Description = "Training points.", DefaultValueFactory = _ => 100_000 };
var tests = new Option<int>("--tests") { Description = "Test points.", DefaultValueFactory = _ => 100 };
var cores = new Option<int>("--threads") { Description = "The most threads.", DefaultValueFactory = _ => 2 };
var peerPython = new Option<string?>("--python") { Description = "A Python that has NumPy: compares with bench/peer/knn_shapley.py." };
var utility = new Command("marginal-utility", "Exact kNN-Shapley values of very many points against plain NumPy.") { points, tests, cores, repeats, peerPython };
utility.SetAction(parsed => MarginalUtilityBenchmark.Run(
    parsed.GetValue(points), parsed.GetValue(tests), parsed.GetValue(cores), parsed.GetValue(repeats), parsed.GetValue(peerPython)));

var figureRounds = new Option<int>("--rounds") { Description = "The rounds of a point.", DefaultValueFactory = _ => 1000 };
var figures = new Command("figures", "Figures 4 and 5 whole, by three schemes, against vectorised NumPy.") { figureRounds, repeats, python };
figures.SetAction(parsed => FiguresBenchmark.Run(
    parsed.GetValue(figureRounds), parsed.GetValue(repeats), parsed.GetRequiredValue(python), Peers.Folder));

var objects = new Option<int>("--objects") { Description = "The objects of a pipeline.", DefaultValueFactory = _ => 1_000_000 };
var module = new Option<FileInfo>("--module") { Description = "The module's manifest.", DefaultValueFactory = _ => new FileInfo("out/QosValuation/QosValuation.psd1") };
var pipeline = new Command("pipeline", "Cmdlets that take objects against ForEach-Object that hands on the same objects, in one PowerShell process.") { objects, repeats, module };
pipeline.SetAction(parsed => PipelineBenchmark.Run(parsed.GetValue(objects), parsed.GetValue(repeats), parsed.GetRequiredValue(module).FullName));

var only = new Option<string[]>("--only") { Description = "Only these benchmarks.", AllowMultipleArgumentsPerToken = true };
var photographs = new Option<DirectoryInfo?>("--images") { Description = "A folder of photographs. Default: some are drawn." };
var measured = new Option<string[]>("--models") { Description = "Models of the embedding rows.", AllowMultipleArgumentsPerToken = true };
var each = new Option<int>("--repeats") { Description = "The turns of each row.", DefaultValueFactory = _ => 5 };
var json = new Option<FileInfo?>("--json") { Description = "Receives the rows." };
var page = new Option<FileInfo?>("--table") { Description = "A Markdown file whose table is replaced after a whole run." };
var all = new Command("all", "Everything beside its peers and limits, in one table.") { only, photographs, measured, each, json, page };
all.SetAction(parsed => Benchmarks.Run(
    parsed.GetValue(only) ?? [], parsed.GetValue(each), parsed.GetValue(photographs)?.FullName, parsed.GetValue(measured) ?? [],
    parsed.GetValue(json)?.FullName, parsed.GetValue(page)?.FullName));

var recorded = new Option<FileInfo>("--recorded") { Description = "The recorded ratios.", DefaultValueFactory = _ => new FileInfo(Path.Combine(Peers.Folder, "..", "recorded.json")) };
var record = new Option<bool>("--record") { Description = "Write the ratios instead of comparing with them." };
var guard = new Command("guard", "Short rows: fails where a ratio is below half of what was recorded.") { recorded, record };
guard.SetAction(parsed => Benchmarks.Guard(parsed.GetRequiredValue(recorded).FullName, parsed.GetValue(record)));

var clients = new Option<int>("--clients") { Description = "Clients.", DefaultValueFactory = _ => 100 };
var torchPython = new Option<string?>("--python") { Description = "A Python that has PyTorch: compares with bench/peer/local_training.py." };
var training = new Command("local-training", "One round of local training of many clients against PyTorch on the same cores.") { clients, cores, repeats, torchPython };
training.SetAction(parsed => LocalTrainingBenchmark.Run(
    parsed.GetValue(clients), parsed.GetValue(cores), parsed.GetValue(repeats), parsed.GetValue(torchPython), Peers.Folder));

return new RootCommand("Measurements as ratios within one run.") { all, guard, embedding, memory, decode, gradient, allocation, auction, clustering, grouping, search, scale, noise, training, utility, figures, pipeline }.Parse(args).Invoke();
