using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace QosValuation.Embeddings.Encoding;

/// <summary>Channels for dedicated threads, which wait instead of being continued elsewhere.</summary>
internal static class ChannelExtensions
{
    /// <summary>Takes the next item, waiting for it.</summary>
    /// <typeparam name="T">The item type.</typeparam>
    /// <param name="reader">The channel.</param>
    /// <param name="item">The item.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>False where the channel is complete and empty.</returns>
    public static bool TryTake<T>(this ChannelReader<T> reader, [MaybeNullWhen(false)] out T item, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (reader.TryRead(out item))
            {
                return true;
            }

            ValueTask<bool> wait = reader.WaitToReadAsync(cancellation);
            if (!(wait.IsCompletedSuccessfully ? wait.Result : wait.AsTask().GetAwaiter().GetResult()))
            {
                item = default;
                return false;
            }
        }
    }

    /// <summary>Puts an item, waiting for room.</summary>
    /// <typeparam name="T">The item type.</typeparam>
    /// <param name="writer">The channel.</param>
    /// <param name="item">The item.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static void Put<T>(this ChannelWriter<T> writer, T item, CancellationToken cancellation)
    {
        if (!writer.TryWrite(item))
        {
            writer.WriteAsync(item, cancellation).AsTask().GetAwaiter().GetResult();
        }
    }
}
