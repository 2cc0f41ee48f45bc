using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Awards;

/// <summary>Writes the documents that an auction bought, with what attributes each to its provider.</summary>
public static class AwardExporter
{
    /// <summary>The format that a file's name asks for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">The format, or <see cref="AwardFormat.Auto"/>.</param>
    /// <returns>The format.</returns>
    /// <exception cref="QosValuationException"><c>AwardFormatNotKnown</c>.</exception>
    public static AwardFormat FormatOf(string path, AwardFormat format) =>
        format != AwardFormat.Auto ? format : Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".JSONL" or ".NDJSON" => AwardFormat.Jsonl,
            ".CSV" => AwardFormat.Csv,
            ".PARQUET" => AwardFormat.Parquet,
            ".TFRECORD" or ".TFRECORDS" => AwardFormat.TFRecord,
            _ => throw new QosValuationException(
                Faults.AwardFormatNotKnown, $"The name '{path}' ends in none of .jsonl, .csv, .parquet and .tfrecord; give -Format.", path),
        };

    /// <summary>Pairs a document with its provider's award.</summary>
    /// <param name="text">The document.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="license">Its licence.</param>
    /// <param name="award">The award.</param>
    /// <returns>The row.</returns>
    public static AwardedDocument Of(string text, string source, string license, DataAward award)
    {
        ArgumentNullException.ThrowIfNull(award);
        return new AwardedDocument
        {
            Text = text,
            Contributor = award.Contributor,
            Source = source,
            License = license,
            Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))),
            Award = award,
        };
    }

    /// <summary>Writes the documents; the file appears whole or not at all. O(their size), memory O(one document), for Parquet O(one row group).</summary>
    /// <param name="documents">The documents, in the order of the file.</param>
    /// <param name="path">The file.</param>
    /// <param name="format">The format, not Auto.</param>
    /// <param name="raw">Whether texts in a CSV are written as they are (<see cref="CsvNumberTable.WriteName"/>).</param>
    /// <param name="cancellationToken">Stops the work; nothing is written then.</param>
    /// <returns>The number of documents.</returns>
    /// <exception cref="QosValuationException"><c>DiskFull</c>, <c>FileNotWritable</c>.</exception>
    public static long Write(
        IEnumerable<AwardedDocument> documents, string path, AwardFormat format, bool raw = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        long count = 0;
        try
        {
            AtomicFile.Write(path, stream =>
            {
                using IAwardWriter writer = format switch
                {
                    AwardFormat.Jsonl => new JsonlAwardWriter(stream),
                    AwardFormat.Csv => new CsvAwardWriter(stream, raw),
                    AwardFormat.Parquet => new ParquetAwardWriter(stream),
                    AwardFormat.TFRecord => new TFRecordAwardWriter(stream),
                    _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
                };
                foreach (AwardedDocument document in documents)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    writer.Write(document);
                    count++;
                }

                writer.Complete();
            });
            return count;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, path);
        }
    }

    /// <summary>How numbers are written in text.</summary>
    /// <param name="number">The number.</param>
    /// <returns>The shortest text that reads back as the same number.</returns>
    internal static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
