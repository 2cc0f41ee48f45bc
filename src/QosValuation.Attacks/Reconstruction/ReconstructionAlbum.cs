using System.Globalization;
using QosValuation.Embeddings.Images;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>
/// The pictures of a run in one folder: names their files after targets and attackers, collects the filmstrips, and writes both.
/// Not thread-safe.
/// </summary>
/// <param name="folder">The folder; it is created with the first picture.</param>
/// <param name="methods">The attackers of the run. The name of the attacker is part of a file's name where there are several.</param>
/// <param name="every">A filmstrip shows the picture after every so many steps, at least 1; null for no filmstrips.</param>
/// <param name="replace">Whether files that exist are replaced.</param>
public sealed class ReconstructionAlbum(string folder, IReadOnlyList<ReconstructionMethod> methods, int? every, bool replace)
{
    private const int FilmstripColumns = 10;
    private const int LongestName = 60;

    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<(ReconstructionMethod Method, int Start), List<RgbImage>> _frames = [];

    /// <summary>Names the pictures of a target, one for each attacker that makes one.</summary>
    /// <param name="target">The target; the same one twice gets two names.</param>
    /// <returns>The attackers with the paths of their pictures, without the ending .png. A path is checked when it is asked for.</returns>
    /// <exception cref="QosValuationException"><c>ImageExists</c>: a picture or filmstrip stands there and is not to be replaced.</exception>
    public IEnumerable<KeyValuePair<ReconstructionMethod, string>> Plan(AttackTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        string name = NameOf(target);
        return methods.Where(HasPicture).Select(method =>
        {
            string path = Path.Combine(folder, methods.Count == 1 ? name : $"{name}-{method.ToString().ToLowerInvariant()}");
            string? taken = ((string[])[path + ".png", path + "-steps.png"]).FirstOrDefault(File.Exists);
            return taken is null || replace
                ? KeyValuePair.Create(method, path)
                : throw new QosValuationException(
                    Faults.ImageExists, $"'{taken}' exists. Replace it with -Force, or choose another -OutputPath.", taken);
        });
    }

    /// <summary>Whether an attacker makes a picture.</summary>
    /// <param name="method">The attacker.</param>
    /// <returns>False for one that finds a text.</returns>
    public static bool HasPicture(ReconstructionMethod method) => method != ReconstructionMethod.TextInversion;

    /// <summary>Makes room for the filmstrips of the next target, and checks that its first picture can be written.</summary>
    /// <param name="paths">The paths from <see cref="Plan"/>; may be empty.</param>
    /// <exception cref="QosValuationException"><c>ImageNotWritable</c>.</exception>
    internal void Begin(IReadOnlyDictionary<ReconstructionMethod, string> paths)
    {
        _frames.Clear();
        if (paths.Count > 0)
        {
            ImageWriter.RequireWritable(paths.Values.First() + ".png");
        }
    }

    /// <summary>Takes a frame where one is due: after every so many steps, and after the last.</summary>
    /// <param name="state">The state of the attack.</param>
    /// <param name="imageSize">The side of its picture in pixels.</param>
    internal void Follow(AttackerProgress state, int imageSize)
    {
        if (every is not int interval || state.Snapshot is null || (state.Step % interval != 0 && state.Step != state.Steps))
        {
            return;
        }

        if (!_frames.TryGetValue((state.Method, state.Start), out List<RgbImage>? strip))
        {
            // A start that goes on from an earlier one continues its strip.
            strip = [.. _frames.GetValueOrDefault((state.Method, state.Previous)) ?? []];
            _frames.Add((state.Method, state.Start), strip);
        }

        strip.Add(new RgbImage(state.Snapshot(), imageSize, imageSize));
    }

    /// <summary>Writes the picture of a result, and its filmstrip where frames were taken.</summary>
    /// <param name="result">The result.</param>
    /// <param name="paths">The paths from <see cref="Plan"/>.</param>
    /// <returns>The result with the paths of the files; as it was where it has no picture or no path.</returns>
    /// <exception cref="QosValuationException"><c>ImageNotWritable</c>.</exception>
    internal QosValuation.Reconstruction Save(QosValuation.Reconstruction result, IReadOnlyDictionary<ReconstructionMethod, string> paths)
    {
        if (result.ImageSize == 0 || !paths.TryGetValue(result.Method, out string? path))
        {
            return result;
        }

        string picture = path + ".png";
        ImageWriter.SavePng(picture, result.Image, result.ImageSize, result.ImageSize);
        if (_frames.GetValueOrDefault((result.Method, result.Start)) is not { Count: > 0 } frames)
        {
            return result with { ImagePath = picture };
        }

        string strip = path + "-steps.png";
        ImageGrid.Strip(frames, FilmstripColumns).SavePng(strip);
        return result with { ImagePath = picture, FilmstripPath = strip };
    }

    /// <summary>A name for the target's files that no other target of this run has.</summary>
    private string NameOf(AttackTarget target)
    {
        string modality = target.Modality is Modality known ? "-" + known.ToString().ToLowerInvariant() : string.Empty;
        string plain = target.ClusterId >= 0
            ? string.Create(CultureInfo.InvariantCulture, $"cluster-{target.ClusterId:D3}{modality}")
            : target.Item is not null && target.Modality == Modality.Image ? Path.GetFileNameWithoutExtension(target.Name) : target.Name;
        char[] allowed = [.. plain.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-').Take(LongestName)];
        string name = new string(allowed).Trim('-') is { Length: > 0 } given ? given : "target";
        string unique = name;
        for (int i = 2; !_names.Add(unique); i++)
        {
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
        }

        return unique;
    }
}
