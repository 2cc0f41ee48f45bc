using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using QosValuation.Reporting.Figures;

namespace QosValuation.Reporting.Page;

/// <summary>
/// Writes a report as one HTML page that needs nothing else: charts, pictures and data are inside, and its content security
/// policy forbids it the network. Every figure is there as a drawing too, so that the page shows all without scripts.
/// </summary>
internal static class HtmlReportWriter
{
    /// <summary>How many rows of a table the page shows; its CSV file has them all.</summary>
    internal const int MostRows = 500;

    /// <summary>Writes the page.</summary>
    /// <param name="report">The report.</param>
    /// <param name="stream">Where it goes, UTF-8.</param>
    /// <param name="drawing">The SVG drawing of a figure, by its id.</param>
    public static void Write(Report report, Stream stream, Func<string, ReportFigure, string> drawing)
    {
        string[] scripts = [ReportAssets.ECharts, ReportAssets.FigureScript, ReportAssets.PageScript];
        string hashes = string.Join(' ', scripts.Select(script => "'sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script))) + "'"));
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine("<!DOCTYPE html>");
        writer.WriteLine("<html lang=\"en\">");
        writer.WriteLine("<head>");
        writer.WriteLine("<meta charset=\"utf-8\">");
        string policy = $"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {hashes}; base-uri 'none'; form-action 'none'";
        writer.WriteLine($"<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">");
        writer.WriteLine("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        writer.WriteLine("<meta name=\"referrer\" content=\"no-referrer\">");
        writer.WriteLine("<link rel=\"icon\" href=\"data:,\">");
        writer.WriteLine($"<title>{Text(report.Title)}</title>");
        writer.WriteLine("<style>");
        writer.Write(ReportAssets.Style);
        writer.WriteLine("</style>");
        writer.WriteLine("</head>");
        writer.WriteLine("<body>");
        writer.WriteLine("<a class=\"skip\" href=\"#main\">Skip to the results</a>");
        writer.WriteLine("<div class=\"page\">");
        writer.WriteLine("<header>");
        string machineTime = report.GeneratedAt.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);
        string time = report.GeneratedAt.ToString("d MMMM yyyy, HH:mm zzz", CultureInfo.InvariantCulture);
        writer.WriteLine($"<div><h1>{Text(report.Title)}</h1><p class=\"muted\">Made on <time datetime=\"{machineTime}\">{time}</time></p></div>");
        writer.WriteLine("<button id=\"theme\" type=\"button\" hidden>Theme: auto</button>");
        writer.WriteLine("</header>");
        if (report.Sections.Count > 1)
        {
            writer.WriteLine("<nav aria-label=\"Contents\"><ul>");
            for (int i = 0; i < report.Sections.Count; i++)
            {
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"<li><a href=\"#section-{i + 1}\">{Text(report.Sections[i].Title)}</a></li>"));
            }

            writer.WriteLine("</ul></nav>");
        }

        writer.WriteLine("<main id=\"main\" tabindex=\"-1\">");
        WriteSummary(writer, report);
        Dictionary<ReportFigure, string> ids = new(ReferenceEqualityComparer.Instance);
        foreach ((string id, ReportFigure figure) in report.Figures())
        {
            ids.Add(figure, id);
        }

        for (int i = 0; i < report.Sections.Count; i++)
        {
            WriteSection(writer, report.Sections[i], i + 1, ids, drawing);
        }

        writer.WriteLine("</main>");
        WriteFooter(writer, report);
        writer.WriteLine("</div>");
        writer.Write("<script type=\"application/json\" id=\"figures\">");
        writer.Write(new JsonArray([.. ids.Select(pair => (JsonNode)FigureJson.Of(pair.Key, pair.Value))]).ToJsonString());
        writer.WriteLine("</script>");
        foreach (string script in scripts)
        {
            writer.Write("<script>");
            writer.Write(script);
            writer.WriteLine("</script>");
        }

        writer.WriteLine("</body>");
        writer.WriteLine("</html>");
    }

    private static string Text(string? text) => WebUtility.HtmlEncode(text ?? string.Empty);

    private static void WriteSummary(StreamWriter writer, Report report)
    {
        if (report.Summary.Count == 0)
        {
            return;
        }

        writer.WriteLine("<div class=\"summary\" role=\"region\" aria-labelledby=\"summary-title\">");
        writer.WriteLine($"<h2 id=\"summary-title\">{Text(report.SummaryTitle)}</h2>");
        foreach (SummaryPart part in report.Summary)
        {
            writer.WriteLine($"<h3>{Text(part.Heading)}</h3>");
            writer.WriteLine("<ul>");
            foreach (string sentence in part.Sentences)
            {
                writer.WriteLine($"<li>{Text(sentence)}</li>");
            }

            writer.WriteLine("</ul>");
        }

        writer.WriteLine("</div>");
    }

    private static void WriteSection(
        StreamWriter writer, ReportSection section, int number, Dictionary<ReportFigure, string> ids, Func<string, ReportFigure, string> drawing)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"section-{number}");
        writer.WriteLine($"<section id=\"{id}\" aria-labelledby=\"{id}-title\">");
        writer.WriteLine($"<h2 id=\"{id}-title\">{Text(section.Title)}</h2>");
        writer.WriteLine($"<p class=\"read\"><strong>How to read this.</strong> {Text(section.HowToRead)}</p>");
        if (section.Figures.Count > 0)
        {
            // What is true of all figures is said once.
            string[] notes = [.. section.Figures.Select(figure => figure.Note).Distinct(StringComparer.Ordinal)];
            string common = notes.Length == 1 && section.Figures.Count > 1 ? notes[0] : string.Empty;
            writer.WriteLine("<div class=\"figures\">");
            foreach (ReportFigure figure in section.Figures)
            {
                string figureId = ids[figure];
                writer.WriteLine("<figure>");
                writer.WriteLine($"<figcaption id=\"caption-{figureId}\">{Text(figure.Title)}</figcaption>");
                writer.Write($"<div class=\"chart\" id=\"chart-{figureId}\" role=\"img\" aria-labelledby=\"caption-{figureId}\" ");
                writer.Write($"aria-description=\"{Text(figure.Describe())}\">");
                writer.Write(drawing(figureId, figure));
                writer.WriteLine("</div>");
                if (figure.Note.Length > 0 && figure.Note != common)
                {
                    writer.WriteLine($"<p class=\"muted\">{Text(figure.Note)}</p>");
                }

                writer.WriteLine("</figure>");
            }

            writer.WriteLine("</div>");
            if (common.Length > 0)
            {
                writer.WriteLine($"<p class=\"muted\">{Text(common)}</p>");
            }
        }

        if (section.Pictures.Count > 0)
        {
            writer.WriteLine("<ul class=\"pictures\">");
            foreach (ReportPicture picture in section.Pictures)
            {
                string content = Convert.ToBase64String(picture.Content);
                writer.Write($"<li><figure><img alt=\"{Text(picture.Caption)}\" src=\"data:{picture.MediaType};base64,{content}\">");
                writer.WriteLine($"<figcaption aria-hidden=\"true\">{Text(picture.Caption)}</figcaption></figure></li>");
            }

            writer.WriteLine("</ul>");
        }

        WriteTable(writer, section, id);
        if (section.Parameters.Count > 0)
        {
            writer.WriteLine("<details open><summary>Parameters</summary>");
            WriteList(writer, section.Parameters);
            writer.WriteLine("</details>");
        }

        writer.WriteLine("</section>");
    }

    private static void WriteTable(StreamWriter writer, ReportSection section, string id)
    {
        ReportTable table = section.Table;
        if (table.Columns.Count == 0)
        {
            return;
        }

        bool open = section.Figures.Count == 0 && section.Pictures.Count == 0;
        int shown = Math.Min(table.Rows.Count, MostRows);
        string size = SectionParts.Say($"{table.Rows.Count} {(table.Rows.Count == 1 ? "row" : "rows")}");
        writer.WriteLine($"<details{(open ? " open" : string.Empty)}><summary>Table ({size})</summary>");
        string file = string.Concat(section.Title.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')).Trim('-');
        string first = shown < table.Rows.Count ? string.Create(CultureInfo.InvariantCulture, $"The first {shown} of {table.Rows.Count} rows. ") : string.Empty;
        string csv = Convert.ToBase64String(Encoding.UTF8.GetBytes(table.ToCsv()));
        writer.Write($"<p class=\"muted\">{first}Numbers have four digits here and all of them in the CSV file. ");
        writer.WriteLine($"<a download=\"{file}.csv\" href=\"data:text/csv;charset=utf-8;base64,{csv}\">Save all rows as CSV</a></p>");
        writer.WriteLine($"<div class=\"scroll\" role=\"region\" aria-label=\"{Text(section.Title)}, table\" tabindex=\"0\">");
        writer.WriteLine("<table>");
        writer.WriteLine($"<caption>{Text(section.Title)}</caption>");
        bool[] numeric = [.. Enumerable.Range(0, table.Columns.Count).Select(table.IsNumeric)];
        writer.Write("<thead><tr>");
        for (int column = 0; column < table.Columns.Count; column++)
        {
            writer.Write($"<th scope=\"col\"{(numeric[column] ? " class=\"number\"" : string.Empty)}>{Text(table.Columns[column])}</th>");
        }

        writer.WriteLine("</tr></thead>");
        writer.WriteLine("<tbody>");
        foreach (object?[] row in table.Rows.Take(shown))
        {
            writer.Write("<tr>");
            for (int column = 0; column < row.Length; column++)
            {
                if (numeric[column])
                {
                    string cell = ReportRecord.TryNumber(row[column], out double number) ? Integer(row[column], number) : string.Empty;
                    writer.Write($"<td class=\"number\">{cell}</td>");
                }
                else
                {
                    string text = ReportRecord.TextOf(row[column]);
                    writer.Write(text.Length > 40 ? $"<td class=\"long\">{Text(text)}</td>" : $"<td>{Text(text)}</td>");
                }
            }

            writer.WriteLine("</tr>");
        }

        writer.WriteLine("</tbody>");
        writer.WriteLine("</table>");
        writer.WriteLine("</div>");
        writer.WriteLine("</details>");
    }

    // Counts and identifiers keep all their digits.
    private static string Integer(object? value, double number) =>
        value is string text && text.AsSpan().TrimStart('-').ContainsAnyExceptInRange('0', '9') ? ReportNumber.Format(number)
        : value is not (double or float) && number == Math.Truncate(number) && Math.Abs(number) < 1e15 ? ReportRecord.TextOf(value)
        : ReportNumber.Format(number);

    private static void WriteFooter(StreamWriter writer, Report report)
    {
        writer.WriteLine("<footer>");
        if (report.Facts.Count > 0)
        {
            writer.WriteLine("<section aria-labelledby=\"made-title\"><h2 id=\"made-title\">How it was made</h2>");
            WriteList(writer, report.Facts);
            writer.WriteLine("</section>");
        }

        writer.WriteLine("<p class=\"muted\">This page holds all it needs and fetches nothing. Charts by Apache ECharts (Apache License 2.0).</p>");
        writer.WriteLine("</footer>");
    }

    private static void WriteList(StreamWriter writer, IEnumerable<KeyValuePair<string, string>> pairs)
    {
        writer.WriteLine("<dl>");
        foreach ((string name, string value) in pairs)
        {
            writer.WriteLine($"<dt>{Text(name)}</dt><dd>{Text(value)}</dd>");
        }

        writer.WriteLine("</dl>");
    }
}
