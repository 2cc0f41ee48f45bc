using System.Text.Json.Nodes;

namespace QosValuation.Reporting;

/// <summary>A figure as the JSON that Assets/figure.js reads.</summary>
internal static class FigureJson
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

        if (axis.Min is double min)
        {
            json["min"] = min;
        }

        if (axis.Max is double max)
        {
            json["max"] = max;
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

    // JSON has no infinities; ten digits draw the same picture.
    private static JsonValue? Number(double value) =>
        double.IsFinite(value) ? JsonValue.Create(double.Parse(value.ToString("G10", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture)) : null;
}
