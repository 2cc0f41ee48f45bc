using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace QosValuation.Reporting.Figures;

/// <summary>A figure as the JSON that Assets/figure.js reads.</summary>
public static partial class FigureJson
{
    /// <summary>Writes a figure.</summary>
    /// <param name="figure">The figure.</param>
    /// <param name="id">Its id on the page.</param>
    public static JsonObject Of(ReportFigure figure, string id) => new()
    {
        ["id"] = id,
        ["kind"] = figure.Kind.ToString().ToLowerInvariant(),
        ["title"] = figure.Title,
        ["horizontal"] = figure.Horizontal,
        ["stacked"] = figure.Stacked,
        ["x"] = Axis(figure.X),
        ["y"] = Axis(figure.Y),
        ["series"] = new JsonArray([.. figure.Series.Select(series => new JsonObject
        {
            ["name"] = series.Name,
            ["role"] = series.IsReference ? "reference" : "data",
            ["points"] = new JsonArray([.. series.Points.Select(Point)]),
        })]),
    };

    private static JsonObject Axis(FigureAxis axis)
    {
        var json = new JsonObject { ["title"] = axis.Title, ["scale"] = axis.Scale.ToString().ToLowerInvariant(), ["zero"] = axis.Zero };
        if (axis.Scale == FigureScale.Category)
        {
            json["categories"] = new JsonArray([.. axis.Categories.Select(name => (JsonNode)name)]);
        }

        if (axis.IsWhole)
        {
            json["whole"] = true;
        }

        if (axis.Min is double min)
        {
            json["min"] = Number(min);
        }

        if (axis.Max is double max)
        {
            json["max"] = Number(max);
        }

        return json;
    }

    private static JsonArray Point(FigurePoint point)
    {
        var json = new JsonArray(Number(point.X), Number(point.Y));
        bool interval = double.IsFinite(point.Low) && double.IsFinite(point.High);
        if (interval || point.Label is not null)
        {
            json.Add(interval ? Number(point.Low) : null);
            json.Add(interval ? Number(point.High) : null);
        }

        if (point.Label is not null)
        {
            json.Add((JsonNode)point.Label);
        }

        return json;
    }

    // JSON has no infinities; ten digits draw the same picture. 1E-05 is written 1E-5, because the engine that draws without a browser reads no other.
    private static JsonNode? Number(double value) =>
        double.IsFinite(value) ? JsonNode.Parse(LeadingZero().Replace(value.ToString("G10", CultureInfo.InvariantCulture), string.Empty)) : null;

    [GeneratedRegex("(?<=E[+-])0+")]
    private static partial Regex LeadingZero();
}
