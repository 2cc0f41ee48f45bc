using QosValuation.Embeddings.Text;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Models;

/// <summary>
/// Finds models: the embedded <c>clip-small</c> (the default), <c>clip-mini</c> (smaller and faster) and <c>MiniLM-L6</c> (texts alone),
/// those installed in the user's data folder, and any folder in a public ONNX layout.
/// </summary>
/// <remarks>
/// Layouts: <c>vision_model.onnx</c> and <c>text_model.onnx</c> in a folder or in its <c>onnx</c> subfolder, also with a suffix
/// (<c>_fp16</c>, <c>_quantized</c>, <c>_int8</c>, <c>_uint8</c>, <c>_q4f16</c>, <c>_q4</c>, <c>_bnb4</c>; the file without one is preferred);
/// or one <c>model.onnx</c> each in two neighbouring folders such as <c>clip-ViT-B-32-vision</c> and <c>clip-ViT-B-32-text</c>,
/// named by either of them or by the folder that holds both. A text model alone, of BERT's family: <c>model.onnx</c> in a folder or in its <c>onnx</c>
/// subfolder, beside <c>modules.json</c> (sentence-transformers) or <c>vocab.txt</c>.
/// </remarks>
public static class ClipModelCatalog
{
    /// <summary>The name of the embedded default model.</summary>
    public const string DefaultName = "clip-small";

    /// <summary>The environment variable that names another data folder; its subfolder <c>models</c> holds the installed models.</summary>
    public const string HomeVariable = "QOSVALUATION_HOME";

    private static readonly string[] Suffixes = ["", "_fp16", "_quantized", "_int8", "_uint8", "_q4f16", "_q4", "_bnb4"];
    private static readonly string[] VisionWords = ["vision", "visual", "image"];
    private static readonly string[] TextWords = ["textual", "text"];

    /// <summary>
    /// The folder of installed models: <c>models</c> under <c>QOSVALUATION_HOME</c> where that is set, else under
    /// <c>QosValuation</c> in the user's data folder (<c>$XDG_DATA_HOME</c> or <c>~/.local/share</c> on Linux,
    /// <c>%LOCALAPPDATA%</c> on Windows, <c>~/Library/Application Support</c> on macOS).
    /// </summary>
    public static string UserModelFolder
    {
        get
        {
            string? home = Environment.GetEnvironmentVariable(HomeVariable);
            if (string.IsNullOrEmpty(home))
            {
                const Environment.SpecialFolder DataFolder = Environment.SpecialFolder.LocalApplicationData;
                home = Path.Combine(Environment.GetFolderPath(DataFolder, Environment.SpecialFolderOption.DoNotVerify), "QosValuation");
            }

            return Path.Combine(Path.GetFullPath(home), "models");
        }
    }

    private static string EmbeddedFolder
    {
        get
        {
            string folder = Path.GetDirectoryName(typeof(ClipModelCatalog).Assembly.Location) is { Length: > 0 } own ? own : AppContext.BaseDirectory;

            // What was compiled ahead of time lies in runtimes/<platform>/managed of the folder with the models.
            return Path.Combine(Path.GetFileName(folder) == "managed" ? Path.GetFullPath(Path.Combine(folder, "..", "..", "..")) : folder, "models");
        }
    }

    /// <summary>The embedded models and the installed ones, in that order, then by name.</summary>
    /// <returns>Models with at least one encoder; a model being downloaded is not among them.</returns>
    public static IReadOnlyList<ClipModelFiles> List()
    {
        var models = new List<ClipModelFiles>();
        foreach (string root in (string[])[EmbeddedFolder, UserModelFolder])
        {
            if (!Directory.Exists(root))
            {
                continue;
            }

            foreach (string folder in Subfolders(root).Order(StringComparer.OrdinalIgnoreCase))
            {
                if (!Path.GetFileName(folder).StartsWith('.')
                    && TryRead(folder) is { } model
                    && !models.Exists(known => known.Name.Equals(model.Name, StringComparison.OrdinalIgnoreCase)))
                {
                    models.Add(model);
                }
            }
        }

        return models;
    }

    /// <summary>Finds a model by name or path. A name of the list wins over a folder of the same name; write <c>./name</c> for the folder.</summary>
    /// <param name="nameOrPath">A name of <see cref="List"/>, a folder, or an ONNX file; null or empty is <see cref="DefaultName"/>.</param>
    /// <returns>The model's files.</returns>
    /// <exception cref="QosValuationException">ModelNotFound: neither a known name nor a folder with a model.</exception>
    public static ClipModelFiles Resolve(string? nameOrPath)
    {
        string name = string.IsNullOrEmpty(nameOrPath) ? DefaultName : nameOrPath;
        IReadOnlyList<ClipModelFiles> known = List();
        if (known.FirstOrDefault(model => model.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } named)
        {
            return named;
        }

        if (Directory.Exists(name))
        {
            return TryRead(Path.GetFullPath(name)) ?? throw new QosValuationException(
                Faults.ModelNotFound,
                $"The folder '{name}' holds no CLIP model. "
                    + "Expected vision_model.onnx and/or text_model.onnx (also in a subfolder named onnx), "
                    + "or one model.onnx each in two folders whose names end in -vision and -text.",
                name);
        }

        if (File.Exists(name) && name.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
        {
            return ReadFile(Path.GetFullPath(name));
        }

        throw new QosValuationException(
            Faults.ModelNotFound,
            $"There is no model '{name}'. Known models: {string.Join(", ", known.Select(model => model.Name))}. "
                + "Name one of these or the folder of a model, or install one with Install-ClipModel.",
            name);
    }

    /// <summary>Reads a folder in one of the public layouts.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <returns>The files; null where the folder holds no encoder.</returns>
    internal static ClipModelFiles? TryRead(string folder)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string? vision = FindEncoder(folder, "vision_model");
        string? text = FindEncoder(folder, "text_model");
        if (vision is not null || text is not null)
        {
            return Describe(Path.GetFileName(folder), folder, vision, text);
        }

        if (TextModelOf(folder) is { } sentences)
        {
            return Describe(Path.GetFileName(folder), folder, null, sentences);
        }

        return File.Exists(Path.Combine(folder, "model.onnx")) ? ReadHalf(folder) : ReadParentOfHalves(folder);
    }

    /// <summary>The encoder of a folder in the layout of sentence-transformers; null for any other folder.</summary>
    private static string? TextModelOf(string folder) =>
        File.Exists(Path.Combine(folder, "modules.json")) || File.Exists(Path.Combine(folder, "vocab.txt")) ? FindEncoder(folder, "model") : null;

    /// <summary>A folder with one <c>model.onnx</c>, and its neighbour with the other.</summary>
    private static ClipModelFiles ReadHalf(string folder)
    {
        string name = Path.GetFileName(folder);
        string path = Path.Combine(folder, "model.onnx");
        bool isVision = WordIn(name, VisionWords) is not null || (WordIn(name, TextWords) is null && !TakesTokens(path));
        string? word = WordIn(name, isVision ? VisionWords : TextWords);
        string? other = null;
        if (word is not null && Path.GetDirectoryName(folder) is { } parent)
        {
            int at = name.LastIndexOf(word, StringComparison.OrdinalIgnoreCase);
            other = (isVision ? TextWords : VisionWords)
                .Select(replacement => Path.Combine(parent, name[..at] + replacement + name[(at + word.Length)..], "model.onnx"))
                .FirstOrDefault(File.Exists);
            name = other is null ? name : name.Remove(at, word.Length).Trim('-', '_', '.', ' ') is { Length: > 0 } common ? common : Path.GetFileName(parent);
        }

        return isVision ? Describe(name, folder, path, other) : Describe(name, other is null ? folder : Path.GetDirectoryName(other)!, other, path);
    }

    private static ClipModelFiles? ReadParentOfHalves(string folder)
    {
        string[] halves = [.. Subfolders(folder).Where(half => File.Exists(Path.Combine(half, "model.onnx"))).Order(StringComparer.OrdinalIgnoreCase)];
        string? vision = halves.FirstOrDefault(half => WordIn(Path.GetFileName(half), VisionWords) is not null);
        string? text = halves.FirstOrDefault(half => half != vision && WordIn(Path.GetFileName(half), TextWords) is not null);
        return vision is null && text is null
            ? null
            : Describe(
                Path.GetFileName(folder),
                folder,
                vision is null ? null : Path.Combine(vision, "model.onnx"),
                text is null ? null : Path.Combine(text, "model.onnx"));
    }

    private static ClipModelFiles ReadFile(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        string file = Path.GetFileName(path);
        if (file.Equals("model.onnx", StringComparison.OrdinalIgnoreCase))
        {
            return ReadHalf(folder);
        }

        bool isText = WordIn(file, VisionWords) is null && (WordIn(file, TextWords) is not null || TakesTokens(path));
        (string own, string opposite) = isText ? ("text", "vision") : ("vision", "text");
        string counterpart = Path.Combine(folder, file.Replace(own, opposite, StringComparison.Ordinal));
        string? other = counterpart != path && File.Exists(counterpart) ? counterpart : null;
        string root = Path.GetFileName(folder) == "onnx" ? Path.GetDirectoryName(folder)! : folder;
        return Describe(Path.GetFileName(root), root, isText ? other : path, isText ? path : other);
    }

    private static ClipModelFiles Describe(string name, string folder, string? vision, string? text)
    {
        string? vocabulary = Beside(text, folder, "vocab.json");
        string? merges = Beside(text, folder, "merges.txt");
        if (vocabulary is null || merges is null)
        {
            (vocabulary, merges) = ((string[])["tokenizer.json", "vocab.txt", .. UnigramTokenizerReader.ModelNames])
                .Select(file => Beside(text, folder, file)).OfType<string>().FirstOrDefault() is { } joint ? (joint, null) : (vocabulary, merges);
        }

        return new ClipModelFiles
        {
            Name = name,
            Folder = folder,
            VisionModelPath = vision,
            TextModelPath = text,
            VocabularyPath = vocabulary,
            MergesPath = merges,
            PreprocessorConfigPath = ((string[])["preprocessor_config.json", "preprocess_cfg.json", "open_clip_config.json"])
                .Select(file => Beside(vision, folder, file)).OfType<string>().FirstOrDefault(),
        };
    }

    /// <summary>A small file: beside the encoder, above the encoder's <c>onnx</c> folder, or in the model's folder.</summary>
    private static string? Beside(string? encoder, string folder, string name)
    {
        string? own = Path.GetDirectoryName(encoder);
        string? above = own is not null && Path.GetFileName(own) == "onnx" ? Path.GetDirectoryName(own) : null;
        return ((string?[])[own, above, folder]).OfType<string>().Select(place => Path.Combine(place, name)).FirstOrDefault(File.Exists);
    }

    private static string? FindEncoder(string folder, string stem) =>
        ((string[])[folder, Path.Combine(folder, "onnx")])
            .SelectMany(place => Suffixes.Select(suffix => Path.Combine(place, stem + suffix + ".onnx")))
            .FirstOrDefault(File.Exists);

    /// <summary>Whether a file is a text encoder by its inputs, for a folder whose name does not tell; damaged files are reported when they are used.</summary>
    private static bool TakesTokens(string path)
    {
        try
        {
            return OnnxModelReader.Read(path).DeclaredInputs.Any(input => input.Name.Contains("input_ids", StringComparison.Ordinal));
        }
        catch (QosValuationException)
        {
            return false;
        }
    }

    private static string? WordIn(string name, string[] words) =>
        Array.Find(words, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static string[] Subfolders(string folder)
    {
        try
        {
            return Directory.GetDirectories(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
