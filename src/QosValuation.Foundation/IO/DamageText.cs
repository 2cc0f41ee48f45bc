namespace QosValuation.Foundation.IO;

/// <summary>What to say of an error that a library ended in while it read a file.</summary>
public static class DamageText
{
    /// <summary>The reason for a message: the library's own where it speaks of the file, and not of a place in its code that the file led astray.</summary>
    /// <param name="exception">The error.</param>
    /// <returns>A sentence or a part of one.</returns>
    public static string Of(Exception exception) => exception is IOException or FormatException or NotSupportedException or InvalidDataException
        ? exception.Message
        : "its contents are damaged.";
}
