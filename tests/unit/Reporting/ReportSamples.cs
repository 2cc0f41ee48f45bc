using QosValuation.Allocation;
using QosValuation.Reporting;

namespace QosValuation.Tests.Reporting;

/// <summary>Small reports with results of many kinds.</summary>
internal static class ReportSamples
{
    public static readonly DateTimeOffset Then = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public static ReportRecord Row(string type, params (string Name, object? Value)[] properties) =>
        new(type, properties.Select(property => KeyValuePair.Create(property.Name, property.Value)));

    public static Report Build(string title, params IEnumerable<object> results)
    {
        var builder = new ReportBuilder();
        foreach (object result in results)
        {
            builder.Add(result as ReportRecord ?? ReportRecord.From(result));
        }

        return builder.Build(title, Then, [new("Note", "A test.")]);
    }

    public static IEnumerable<object> Many()
    {
        foreach (AllocationSimulationResult row in AllocationSimulation.Run(new AllocationSimulationOptions { Agents = [50], Alphas = [0.1, 0.5, 1, 5], Rounds = 4, Seed = 1 }))
        {
            yield return row;
        }

        TokenAgent[] agents = [.. Enumerable.Range(1, 12).Select(i => new TokenAgent { Agent = "agent-" + i, Value = i, Capacity = 4 })];
        TokenGrant[] grants = TokenAllocator.Allocate(agents, 20, AllocationScheme.Proposed);
        foreach (TokenGrant grant in grants)
        {
            yield return grant;
        }

        yield return Fairness.Measure(grants);
        foreach (int i in Enumerable.Range(1, 5))
        {
            yield return new DataValue { Contributor = "contributor-0" + i, Quantity = 10 * i, Novel = 4 * i, Normal = 5 * i, Noise = i, Novelty = 0.65, Value = 0.65 * Math.Log(1 + 10 * i) };
            yield return Row("SomethingElse", ("Name", "thing " + i), ("Amount", i * 1.5));
        }
    }
}
