using CsvHelper;
using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Awards;

/// <summary>A header and a row a document (RFC 4180, lines end in LF).</summary>
internal sealed class CsvAwardWriter : IAwardWriter
{
    private static readonly CsvWriterOptions Options = new() { NewLine = "\n" };

    private readonly bool _raw;
    private readonly CsvWriter _csv;

    /// <summary>Begins a file with its header.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="raw">Whether texts are written as they are.</param>
    public CsvAwardWriter(Stream stream, bool raw)
    {
        _raw = raw;
        _csv = CsvWriter.Create(stream, Options, true);
        WriteRow(AwardedDocument.FieldNames);
    }

    /// <inheritdoc/>
    public void Write(AwardedDocument document)
    {
        foreach (string text in document.Texts)
        {
            CsvNumberTable.WriteName(_csv, System.Text.Encoding.UTF8.GetBytes(text), _raw);
        }

        WriteRow([AwardExporter.Text(document.Award.Rank), .. document.Numbers.Select(AwardExporter.Text)]);
    }

    /// <inheritdoc/>
    public void Complete() => _csv.Flush();

    /// <inheritdoc/>
    public void Dispose() => _csv.Dispose();

    private void WriteRow(IReadOnlyList<string> fields)
    {
        foreach (string field in fields)
        {
            _csv.WriteField(field);
        }

        _csv.EndRecord();
    }
}
