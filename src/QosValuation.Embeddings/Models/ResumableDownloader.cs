using System.Net;
using System.Net.Http.Headers;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Models;

/// <summary>What tests replace in a download: waiting, free space, and the file on disk.</summary>
internal sealed record DownloadSettings
{
    /// <summary>How often a transient failure is tried again without any progress in between.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>The wait before the first retry; it doubles each time.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a server may stay silent, and the time over which <see cref="MinimumRate"/> is taken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The fewest bytes a second that a server must send, on average over <see cref="StallTimeout"/>.</summary>
    public int MinimumRate { get; init; } = 1024;

    /// <summary>The bytes that count as progress: what the minimum rate brings within the timeout.</summary>
    public long LeastProgress => (long)Math.Ceiling(MinimumRate * StallTimeout.TotalSeconds);

    /// <summary>The free bytes on the file system that holds a folder; null where that is unknown.</summary>
    public Func<string, long?> FreeSpace { get; init; } = FreeBytes;

    /// <summary>Opens the partial file for appending.</summary>
    public Func<string, Stream> OpenForAppend { get; init; } = static path =>
        new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous);

    private static long? FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}

/// <summary>
/// Fetches a file over HTTP(S), or copies it from a <c>file:</c> address, into a partial file, going on where an earlier attempt
/// ended: by Range, with If-Range where the server gave a validator. Transient failures are tried again with exponential backoff.
/// </summary>
internal sealed class ResumableDownloader(HttpClient client, DownloadSettings settings, AuthenticationHeaderValue? credentials = null)
{
    private const int BufferSize = 1 << 17;

    /// <summary>Fetches a file. The partial file stays in place on a failure where the server lets a later call go on from there.</summary>
    /// <param name="addresses">Where the file may lie; the next is tried where one does not exist (404, 410).</param>
    /// <param name="maximumBytes">The most bytes to fetch.</param>
    /// <param name="partialPath">The partial file.</param>
    /// <param name="report">Receives the bytes at hand and the total, where known.</param>
    /// <param name="cancellation">Stops the download.</param>
    /// <returns>Whether bytes of an earlier attempt were used, and the address that served the file.</returns>
    /// <exception cref="QosValuationException">
    /// ModelFileNotFound, DownloadFailed, DownloadRefused, DownloadTooLarge, DiskFull, FileNotWritable.
    /// </exception>
    public async Task<(bool IsResumed, Uri Address)> FetchAsync(
        IReadOnlyList<Uri> addresses, long maximumBytes, string partialPath, Action<long, long?>? report, CancellationToken cancellation)
    {
        bool isResumed = false;
        foreach (Uri address in addresses)
        {
            int failures = 0;
            long furthest = Length(partialPath);
            while (true)
            {
                Attempt attempt = address.IsFile
                    ? await CopyAsync(address, maximumBytes, partialPath, report, cancellation).ConfigureAwait(false)
                    : await AttemptAsync(address, maximumBytes, partialPath, report, cancellation).ConfigureAwait(false);
                isResumed |= attempt.IsResumed;
                if (attempt.Outcome == Outcome.Complete)
                {
                    AtomicFile.TryDelete(ValidatorPath(partialPath));
                    return (isResumed, address);
                }

                if (attempt.Outcome == Outcome.Missing)
                {
                    break;
                }

                long length = Length(partialPath);
                failures = length - furthest >= settings.LeastProgress ? 1 : failures + 1;
                furthest = Math.Max(furthest, length);
                if (failures > settings.Retries)
                {
                    throw new QosValuationException(
                        Faults.DownloadFailed,
                        $"Fetching '{address}' failed: {attempt.Reason} "
                        + (length > 0
                        ? $"The {length:N0} bytes received are kept; the same command goes on from there."
                        : "Check the connection and the address, and run the same command again."),
                        address.ToString(),
                        attempt.Cause);
                }

                TimeSpan delay = settings.FirstDelay * Math.Pow(2, failures - 1);
                await Task.Delay(attempt.RetryAfter > delay ? attempt.RetryAfter.Value : delay, cancellation).ConfigureAwait(false);
            }
        }

        throw new QosValuationException(
            Faults.ModelFileNotFound,
            $"The file does not exist at {string.Join(" or ", addresses.Select(address => $"'{address}'"))}. "
                    + "Check -Uri: a mirror keeps the layout <repository>/resolve/main/<file>, <repository>/<file>, or the plain file names.",
            addresses[0].ToString());
    }

    /// <summary>The file that remembers the server's validator for a partial file.</summary>
    /// <param name="partialPath">The partial file.</param>
    /// <returns>Its path.</returns>
    internal static string ValidatorPath(string partialPath) => partialPath + ".etag";

    private async Task<Attempt> AttemptAsync(Uri address, long maximumBytes, string partialPath, Action<long, long?>? report, CancellationToken cancellation)
    {
        long start = Length(partialPath);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("QosValuation", typeof(ResumableDownloader).Assembly.GetName().Version?.ToString(3)));
        request.Headers.Authorization = credentials;
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (start > 0)
        {
            request.Headers.Range = new RangeHeaderValue(start, null);
            if (ReadValidator(partialPath, address) is { } validator)
            {
                request.Headers.IfRange = validator;
            }
        }

        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bool canResume = start > 0;
        bool isWhole = false;
        try
        {
            stall.CancelAfter(settings.StallTimeout);
            using HttpResponseMessage response = await Redirects.SendAsync(client, request, stall.Token).ConfigureAwait(false);
            switch (response.StatusCode)
            {
                case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                    return new Attempt(Outcome.Missing);
                case HttpStatusCode.RequestedRangeNotSatisfiable when start > 0:
                    if (response.Content.Headers.ContentRange?.Length == start)
                    {
                        report?.Invoke(start, start);
                        return new Attempt(Outcome.Complete, IsResumed: true);
                    }

                    // The partial file is longer than the file, or belongs to another one.
                    Restart(partialPath);
                    return new Attempt(Outcome.Failed, "The server no longer has the part that is missing.");
                case HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError:
                    return new Attempt(
                    Outcome.Failed, $"The server answered {(int)response.StatusCode} ({response.ReasonPhrase}).", RetryAfter: RetryAfter(response));
                case HttpStatusCode.OK or HttpStatusCode.PartialContent:
                    break;
                default:
                    throw new QosValuationException(
                        Faults.DownloadRefused,
                        $"The server refused '{address}' with {(int)response.StatusCode} ({response.ReasonPhrase}). Try a mirror with -Uri.",
                        address.ToString());
            }

            bool isResumed = response.StatusCode == HttpStatusCode.PartialContent && start > 0;
            if (isResumed && response.Content.Headers.ContentRange is { HasRange: true } range && range.From != start)
            {
                Restart(partialPath);
                return new Attempt(Outcome.Failed, "The server answered with another part of the file.");
            }

            if (!isResumed)
            {
                Restart(partialPath);
                start = 0;
            }

            long? total = response.Content.Headers.ContentRange?.Length ?? (start + response.Content.Headers.ContentLength);
            RequireSize(total, maximumBytes, address, partialPath);
            canResume = response.StatusCode == HttpStatusCode.PartialContent
                || (!response.Headers.AcceptRanges.Contains("none")
                    && (response.Headers.AcceptRanges.Contains("bytes")
                        || response.Headers.ETag is not null
                        || response.Content.Headers.LastModified is not null));
            RequireSpace(partialPath, total - start);
            WriteValidator(partialPath, address, response);
            Stream content = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
            await using (content.ConfigureAwait(false))
            {
                long end = await PumpAsync(content, address, maximumBytes, partialPath, start, total, report, stall, cancellation).ConfigureAwait(false);
                isWhole = !(total is { } announced && end < announced);
                return total is { } expected && end < expected
                    ? new Attempt(Outcome.Failed, $"The connection ended after {end:N0} of {expected:N0} bytes.", isResumed)
                    : new Attempt(Outcome.Complete, IsResumed: isResumed);
            }
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            string sent = Length(partialPath) > start ? $"less than {settings.MinimumRate:N0} bytes a second" : "nothing";
            return new Attempt(Outcome.Failed, $"The server sent {sent} for {settings.StallTimeout.TotalSeconds:N0} seconds.", start > 0, exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new Attempt(Outcome.Failed, Sentence(exception.Message), start > 0, exception);
        }
        finally
        {
            // A part that nothing can be added to would only take room.
            if (!canResume && !isWhole)
            {
                Restart(partialPath);
            }
        }
    }

    private async Task<Attempt> CopyAsync(Uri address, long maximumBytes, string partialPath, Action<long, long?>? report, CancellationToken cancellation)
    {
        if (!File.Exists(address.LocalPath))
        {
            return new Attempt(Outcome.Missing);
        }

        try
        {
            FileStream source = RegularFile.OpenRead(address.LocalPath);
            await using (source.ConfigureAwait(false))
            {
                long start = Length(partialPath);
                if (start > source.Length)
                {
                    Restart(partialPath);
                    start = 0;
                }

                RequireSize(source.Length, maximumBytes, address, partialPath);
                RequireSpace(partialPath, source.Length - start);
                source.Position = start;
                using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                await PumpAsync(source, address, maximumBytes, partialPath, start, source.Length, report, stall, cancellation).ConfigureAwait(false);
                return new Attempt(Outcome.Complete, IsResumed: start > 0);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new Attempt(Outcome.Failed, Sentence(exception.Message), Cause: exception);
        }
    }

    /// <summary>Copies to the partial file. Errors of the source stay what they are; errors of the disk become faults.</summary>
    private async Task<long> PumpAsync(
        Stream source,
        Uri address,
        long maximumBytes,
        string partialPath,
        long start,
        long? total,
        Action<long, long?>? report,
        CancellationTokenSource stall,
        CancellationToken cancellation)
    {
        byte[] buffer = new byte[BufferSize];
        long length = start;
        Stream target = OnDisk(partialPath, () =>
        {
            RegularFile.Require(partialPath);
            return settings.OpenForAppend(partialPath);
        });
        try
        {
            report?.Invoke(length, total);
            stall.CancelAfter(settings.StallTimeout);
            long counted = length;
            while (true)
            {
                int read = await source.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }

                try
                {
                    await target.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    throw Explain(exception, partialPath, length);
                }

                length += read;
                RequireSize(length, maximumBytes, address, partialPath);
                report?.Invoke(length, total);

                // The time starts anew with as many bytes as the minimum rate brings in it, not with every byte.
                if (length - counted >= settings.LeastProgress)
                {
                    counted = length;
                    stall.CancelAfter(settings.StallTimeout);
                }
            }

            OnDisk(partialPath, () =>
            {
                (target as FileStream)?.Flush(flushToDisk: true);
                return true;
            });
            return length;
        }
        finally
        {
            await target.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static void RequireSize(long? length, long maximumBytes, Uri address, string partialPath)
    {
        if (length > maximumBytes)
        {
            Restart(partialPath);
            throw new QosValuationException(
                Faults.DownloadTooLarge,
                $"'{address}' serves more than {maximumBytes:N0} bytes, which the file cannot have. What was received is deleted; "
                + "try another source with -Uri.",
                address.ToString());
        }
    }

    private void RequireSpace(string partialPath, long? needed)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(partialPath))!;
        if (needed is { } bytes && settings.FreeSpace(folder) is { } free && free < bytes)
        {
            throw new QosValuationException(
                Faults.DiskFull,
                $"The disk is full: '{Path.GetFileName(partialPath)}' needs {bytes:N0} more bytes and {free:N0} are free in '{folder}'. "
                    + "Free some space or choose another folder with -Destination; what was received is kept and the same command goes on from there.",
                partialPath);
        }
    }

    private static T OnDisk<T>(string partialPath, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Explain(exception, partialPath, Length(partialPath));
        }
    }

    private static QosValuationException Explain(Exception exception, string partialPath, long kept) =>
        DiskFaults.Explain(
            exception,
            partialPath,
            $"Nothing was installed. The {kept:N0} bytes received are kept: free some space or choose another folder with -Destination, "
                + "and the same command goes on from there.");

    private static void Restart(string partialPath)
    {
        AtomicFile.TryDelete(partialPath);
        AtomicFile.TryDelete(ValidatorPath(partialPath));
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    private static RangeConditionHeaderValue? ReadValidator(string partialPath, Uri address)
    {
        try
        {
            string[] lines = RegularFile.ReadAllText(ValidatorPath(partialPath))
                .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return lines is not [var source, var validator] || source != address.ToString() ? null
                : EntityTagHeaderValue.TryParse(validator, out EntityTagHeaderValue? tag) ? new RangeConditionHeaderValue(tag)
                : DateTimeOffset.TryParse(validator, System.Globalization.CultureInfo.InvariantCulture, out DateTimeOffset date)
                ? new RangeConditionHeaderValue(date)
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void WriteValidator(string partialPath, Uri address, HttpResponseMessage response)
    {
        // A weak tag does not promise equal bytes, so it cannot guard a range.
        string? validator = response.Headers.ETag is { IsWeak: false } tag
            ? tag.ToString()
            : response.Content.Headers.LastModified?.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        if (validator is null)
        {
            AtomicFile.TryDelete(ValidatorPath(partialPath));
            return;
        }

        OnDisk(partialPath, () =>
        {
            RegularFile.Require(ValidatorPath(partialPath));
            File.WriteAllLines(ValidatorPath(partialPath), [address.ToString(), validator]);
            return true;
        });
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        TimeSpan? wait = response.Headers.RetryAfter?.Delta ?? (response.Headers.RetryAfter?.Date - DateTimeOffset.UtcNow);
        return wait > TimeSpan.FromMinutes(2) ? TimeSpan.FromMinutes(2) : wait;
    }

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";

    private enum Outcome
    {
        Complete,
        Missing,
        Failed,
    }

    private readonly record struct Attempt(
        Outcome Outcome, string Reason = "", bool IsResumed = false, Exception? Cause = null, TimeSpan? RetryAfter = null);
}
