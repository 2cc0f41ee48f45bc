using Microsoft.Data.Sqlite;
using QosValuation.Learning.Learners;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;

namespace QosValuation.Tests;

/// <summary>Budgets count samples by the distribution of their loss, never less than it and never more than divergences.</summary>
public sealed class BudgetLossesTests : IDisposable
{
    private const double Delta = 1e-5;
    private readonly TemporaryFolder _folder = new();

    private string BudgetPath => Path.Combine(_folder.Path, "budget.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WhatABudgetAllowsIsNeverToldAsMoreThanItsEpsilon()
    {
        for (int i = 1; i <= 300; i++)
        {
            double epsilon = i / 37.0;
            var budget = new PrivacyBudget(BudgetPath, epsilon, Delta, Neighboring.AddRemove, PrivacyUnit.Record, DateTime.UtcNow);
            var losses = new BudgetLosses(budget);
            Assert.InRange(losses.Epsilon(new BudgetTotal(budget.SquaredMu, null)), epsilon * (1 - 1e-9), epsilon);
            Assert.InRange(losses.Remaining(new BudgetTotal(double.Epsilon, null)), epsilon * (1 - 1e-9), epsilon);
            Assert.True(losses.Epsilon(new BudgetTotal(budget.SquaredMu * (1 + 1e-6), null)) > epsilon);
        }
    }

    [Fact]
    public void ABudgetAllowsTheTrainingThatIsCalibratedForIt()
    {
        using PrivacyBudgetStore store = PrivacyBudgetStore.Create(BudgetPath, 2, Delta, Neighboring.AddRemove, PrivacyUnit.Record);
        int[] sizes = [80, 95, 110, 200, 1000];
        PrivateTraining training = PrivateTraining.Calibrate(2, Delta, 80, 16, 300);
        PrivateTraining divergent = PrivateTraining.Calibrate(2, Delta, 80, 16, 300, PrivacyAccountant.Rdp);
        Assert.True(training.NoiseMultiplier < 0.97 * divergent.NoiseMultiplier);
        PrivacyCharge[] charges = [.. sizes.Select(size => new PrivacyCharge(training.EventOf(size, 16, 300), new ReleaseLabel("DpSgd"), [$"c{size}"]))];
        IReadOnlyList<PrivacyChargePreview> preview = store.Preview(charges);
        store.Charge(charges);
        Assert.All(preview, row => Assert.Equal(row.Needed, row.Spent));
        PrivacySpending[] spending = [.. store.ReadSpending()];
        foreach (int size in sizes)
        {
            PrivacySpending one = spending.Single(row => row.Contributor == $"c{size}");
            double exact = SampledCalibration.EpsilonOf(training.NoiseMultiplier, Delta, 16.0 / size, 300);
            Assert.InRange(one.Spent, exact * (1 - 2.5e-3), Math.Min(2, exact * (1 + 1e-3)));
            Assert.InRange(one.Remaining, size == 80 ? 0 : 0.1, 2);
        }

        Assert.Equal((spending.Max(row => row.Spent), spending.Min(row => row.Remaining)), store.ReadExtremes());
        Assert.Equal(Faults.PrivacyBudgetExceeded, Assert.Throws<PrivacyBudgetException>(() => store.Charge([.. charges])).Fault);
        Assert.Equal("c80", Assert.Throws<PrivacyBudgetException>(() => store.Charge([charges[0]])).Contributor);

        // Opened again, it counts the same.
        using PrivacyBudgetStore again = PrivacyBudgetStore.Open(BudgetPath);
        Assert.Equal(spending, again.ReadSpending());
        Assert.Equal(5, again.Budget.Releases);
        Assert.True(PrivacyBudgetStore.Check(BudgetPath).IsValid);
    }

    [Fact]
    public void WhatIsZeroConcentratedOnlyIsCountedByDivergences()
    {
        using PrivacyBudgetStore store = PrivacyBudgetStore.Create(BudgetPath, 50, Delta, Neighboring.AddRemove, PrivacyUnit.Record);
        PrivacyEvent sampled = SampledCalibration.EventOf(1, 0.02, 200, PrivacyUnit.Record);
        var concentrated = new ConcentratedEvent(0.02) { Neighboring = Neighboring.AddRemove };
        store.Charge([new PrivacyCharge(sampled, new ReleaseLabel("a"), ["ann", "bob"]), new PrivacyCharge(concentrated, new ReleaseLabel("b"), ["ann"])]);
        PrivacyCost cost = PrivacyCost.Of(new ComposedEvent([sampled, concentrated]), Neighboring.AddRemove)!;
        PrivacySpending[] spending = [.. store.ReadSpending()];
        Assert.Equal(PrivacyCost.EpsilonOfCurve(0, cost.Curve()!, Delta), spending[0].Spent, 1e-9);
        Assert.True(spending[1].Spent < 0.95 * PrivacyCost.EpsilonOfCurve(0, [.. cost.Curve()!.Select((value, i) => value - (PrivacyCost.Orders[i] * 0.02))], Delta));
        store.Charge([new PrivacyCharge(sampled, new ReleaseLabel("a"), ["ann"])]);
        PrivacyCost both = cost.Plus(PrivacyCost.Of(sampled, Neighboring.AddRemove)!);
        Assert.Equal(PrivacyCost.EpsilonOfCurve(0, both.Curve()!, Delta), store.ReadSpending().First().Spent, 1e-9);
    }

    [Fact]
    public void ManyKindsOfSamplesAreBoundedFromAbove()
    {
        BudgetTotal total = default;
        var exact = new List<SampledRelease>();
        for (int i = 0; i < BudgetTotal.MostSamples + 12; i++)
        {
            PrivacyEvent release = SampledCalibration.EventOf(2 + (0.02 * i), 0.01 + (0.0003 * i), 5 + i, PrivacyUnit.Record);
            PrivacyCost cost = PrivacyCost.Of(release, Neighboring.AddRemove)!;
            exact.AddRange(cost.Samples);
            total = total.Plus(cost);
        }

        Assert.Equal(BudgetTotal.MostSamples, total.Samples!.Length);
        Assert.Equal(exact.Sum(sample => sample.Count), total.Samples.Sum(sample => sample.Count));
        double bound = new SampledComposition(total.Samples, 1, Delta).Epsilon(0);
        double found = new SampledComposition(exact, 1, Delta).Epsilon(0);
        Assert.InRange(bound, found * (1 - 1e-4), found * 1.05);
    }

    [Fact]
    public void MoreIsNeverWithinLess()
    {
        BudgetTotal Of(double square, params SampledRelease[] samples) => new(square, samples.Length == 0 ? null : [1], samples.Length == 0 ? null : samples);
        BudgetTotal some = Of(0.1, new SampledRelease(0.1, 1, 10), new SampledRelease(0.2, 0.5, 3));
        Assert.True(some.IsWithin(some) && Of(0.1).IsWithin(some) && Of(0, new SampledRelease(0.05, 1, 9)).IsWithin(some));
        Assert.All(
            new[]
            {
                Of(0.2), Of(0, new SampledRelease(0.11, 1, 10)), Of(0, new SampledRelease(0.1, 1.1, 10)), Of(0, new SampledRelease(0.1, 1, 11)),
                Of(0, new SampledRelease(0.1, 1, 10), new SampledRelease(0.2, 0.5, 3), new SampledRelease(0.01, 0.01, 1)), new BudgetTotal(0, [1]),
            },
            other => Assert.False(other.IsWithin(some)));
    }

    [Theory]
    [InlineData("0.02", "0.001")]
    [InlineData("\"Count\":200", "\"Count\":2")]
    [InlineData("PoissonSampled", "Poisson")]
    public void AnEventThatIsNotWhatWasChargedIsDamage(string old, string now)
    {
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Create(BudgetPath, 50, Delta, Neighboring.AddRemove, PrivacyUnit.Record))
        {
            store.Charge([new PrivacyCharge(SampledCalibration.EventOf(1, 0.02, 200, PrivacyUnit.Record), new ReleaseLabel("a"), ["ann"])]);
        }

        using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = BudgetPath, Pooling = false }.ToString()))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "UPDATE release SET event = replace(event, $old, $now)";
            command.Parameters.AddWithValue("$old", old);
            command.Parameters.AddWithValue("$now", now);
            command.ExecuteNonQuery();
        }

        PrivacyBudgetReport report = PrivacyBudgetStore.Check(BudgetPath);
        Assert.Contains(report.Faults, fault => fault.Kind == PrivacyBudgetFaultKind.Miscounted && fault.Message.Contains("not what the event", StringComparison.Ordinal));
        Assert.Equal(Faults.PrivacyBudgetDamaged, Assert.Throws<QosValuationException>(() => PrivacyBudgetStore.Open(BudgetPath)).Fault);
    }
}
