using System.Globalization;

namespace QosValuation.Embeddings.Images;

/// <summary>One libvips operation: created by name, given its arguments, built, and asked for its outputs.</summary>
internal readonly unsafe ref struct VipsOperation : IDisposable
{
    private const nuint ObjectType = 20 << 2; // G_TYPE_OBJECT
    private readonly nint _operation;

    /// <summary>Creates an operation.</summary>
    /// <param name="name">Its nickname or type name, such as <c>jpegload_buffer</c>.</param>
    public VipsOperation(string name)
    {
        _operation = VipsNative.NewOperation(name);
        if (_operation == 0)
        {
            throw new InvalidOperationException("libvips has no operation " + name + ": " + Vips.TakeError());
        }
    }

    /// <summary>Sets a number, Boolean, enumeration or string by its text.</summary>
    /// <param name="name">The argument.</param>
    /// <param name="value">Its value as text, enumerations by nickname.</param>
    public void Set(string name, string value)
    {
        if (VipsNative.SetArgument(_operation, name, value) != 0)
        {
            throw new InvalidOperationException("libvips refused " + name + " = " + value + ": " + Vips.TakeError());
        }
    }

    /// <summary>Sets an integer.</summary>
    /// <param name="name">The argument.</param>
    /// <param name="value">Its value.</param>
    public void Set(string name, int value) => Set(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Sets an image.</summary>
    /// <param name="name">The argument.</param>
    /// <param name="image">The image; the operation takes its own reference.</param>
    public void Set(string name, VipsObjectHandle image)
    {
        VipsNative.GValue value = default;
        VipsNative.InitialiseValue(&value, VipsNative.ImageType());
        VipsNative.SetObject(&value, image.DangerousGetHandle());
        VipsNative.SetProperty(_operation, name, &value);
        VipsNative.UnsetValue(&value);
        GC.KeepAlive(image);
    }

    /// <summary>Sets a block of memory, which must stay where it is until the operation and its outputs are gone.</summary>
    /// <param name="name">The argument.</param>
    /// <param name="data">The first byte.</param>
    /// <param name="length">The number of bytes.</param>
    public void Set(string name, byte* data, nuint length)
    {
        VipsNative.GValue value = default;
        VipsNative.InitialiseValue(&value, VipsNative.BlobType());
        VipsNative.SetBlob(&value, 0, data, length);
        VipsNative.SetProperty(_operation, name, &value);
        VipsNative.UnsetValue(&value);
    }

    /// <summary>Checks the arguments and prepares the outputs.</summary>
    /// <returns>Whether libvips agreed; see <see cref="Vips.TakeError"/> otherwise.</returns>
    public bool TryBuild() => VipsNative.Build(_operation) == 0;

    /// <summary>Takes a reference to an output image.</summary>
    /// <param name="name">The output.</param>
    /// <returns>The image.</returns>
    public VipsObjectHandle GetImage(string name)
    {
        VipsNative.GValue value = default;
        VipsNative.InitialiseValue(&value, ObjectType);
        VipsNative.GetProperty(_operation, name, &value);
        var image = new VipsObjectHandle(VipsNative.DuplicateObject(&value));
        VipsNative.UnsetValue(&value);
        return image;
    }

    /// <summary>Copies an output block of memory.</summary>
    /// <param name="name">The output.</param>
    /// <returns>Its bytes.</returns>
    public byte[] GetBytes(string name)
    {
        VipsNative.GValue value = default;
        VipsNative.InitialiseValue(&value, VipsNative.BlobType());
        VipsNative.GetProperty(_operation, name, &value);
        nint blob = VipsNative.GetBoxed(&value);
        nuint length = 0;
        byte* data = blob == 0 ? null : VipsNative.GetBlob(blob, &length);
        byte[] bytes = new ReadOnlySpan<byte>(data, checked((int)length)).ToArray();
        VipsNative.UnsetValue(&value);
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        VipsNative.UnreferenceOutputs(_operation);
        VipsNative.Unreference(_operation);
    }
}
