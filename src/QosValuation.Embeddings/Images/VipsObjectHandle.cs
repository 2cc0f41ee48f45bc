using Microsoft.Win32.SafeHandles;

namespace QosValuation.Embeddings.Images;

/// <summary>One reference to a GObject of libvips: an image, a region or an operation.</summary>
internal sealed class VipsObjectHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>Takes over one reference.</summary>
    /// <param name="instance">The object; zero where its creation failed.</param>
    public VipsObjectHandle(nint instance) : base(ownsHandle: true) => SetHandle(instance);

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        VipsNative.Unreference(handle);
        return true;
    }
}
