namespace QosValuation.Tests;

/// <summary>A fact over the ViT-B/32-size pair with reference outputs that reference_clip.py writes; skipped where the environment does not name it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReferenceClipFactAttribute : FactAttribute
{
    public ReferenceClipFactAttribute()
    {
        if (Folder is null || !File.Exists(Path.Combine(Folder, "pixel_gradient.npy")))
        {
            Skip = "QOSVALUATION_REFERENCE_CLIP does not name a folder written by reference_clip.py.";
        }
    }

    public static string? Folder { get; } = Environment.GetEnvironmentVariable("QOSVALUATION_REFERENCE_CLIP") is { Length: > 0 } folder ? folder : null;
}
