using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Models;

/// <summary>Algorithms of a model market compared: accuracy and utility with standard errors over seeds.</summary>
internal sealed class ModelMarketReportSection() : ResultSection<ModelMarketReport>(
    1497,
    nameof(ModelMarketReport.Algorithm),
    nameof(ModelMarketReport.Seeds),
    nameof(ModelMarketReport.Accuracy),
    nameof(ModelMarketReport.FinalAccuracy),
    nameof(ModelMarketReport.Utility),
    nameof(ModelMarketReport.RationalShare))
{
    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        string[] keys =
        [
            nameof(ModelMarketReport.Algorithm), nameof(ModelMarketReport.PaymentRule), nameof(ModelMarketReport.GraphStep), nameof(ModelMarketReport.Epsilon),
            nameof(ModelMarketReport.Unit),
        ];
        Func<ReportRecord, string> name = SectionParts.Naming(records, keys, records[0].Text(nameof(ModelMarketReport.Algorithm)));
        ReportRecord[] shown = [.. records.Take(40)];
        ReportFigure Bars(string file, string title, string property, double lowest, double highest) => ReportFigure.Bars(
            file,
            title,
            property,
            shown.Select(record => (name(record), record.Number(property), record.Number(property + "StandardError"))),
            lowest,
            highest) with { Note = SectionParts.ErrorNote };
        return SectionParts.Section(
            "Algorithms of the model market",
            "Accuracy is the best over rounds, as in the paper; FinalAccuracy that of the last round. Utility is summed over rounds and averaged over clients. "
                + "RationalShare is the part of clients and rounds in which nobody would have done better alone.",
            records,
            [
                Bars("model-market-algorithm-utility", "Utility by algorithm", nameof(ModelMarketReport.Utility), double.NegativeInfinity,
                    double.PositiveInfinity),
                Bars("model-market-algorithm-accuracy", "Accuracy by algorithm", nameof(ModelMarketReport.Accuracy), 0, 1),
            ]);
    }
}
