using System.Management.Automation;
using QosValuation.Valuation.Quality;

namespace QosValuation.Cmdlets.Quality;

/// <summary>Repeats scores of Measure-DataQuality over the documents and says what differs.</summary>
/// <remarks>
/// <para>Give the same documents in the same order, and the same -Dictionary and -ReferencePath where they were given; all other parameters are taken from
/// the scores. Compared are the digest of the documents, each parameter, and each figure to within 10⁻⁶. IsValid is true where nothing differs.</para>
/// <para>Scores that were released with -Epsilon cannot be repeated: each costs an error.</para>
/// </remarks>
/// <example>
/// <summary>What was scored is what is delivered.</summary>
/// <code>$scores = Measure-DataQuality ./submissions/*/*.txt
/// Test-DataQuality -Score $scores -Path ./delivered/*/*.txt | Where-Object { -not $_.IsValid } | Select-Object Contributor, Differences</code>
/// </example>
/// <seealso>Measure-DataQuality</seealso>
[Cmdlet(VerbsDiagnostic.Test, "DataQuality")]
[OutputType(typeof(DataQualityReport))]
public sealed class TestDataQualityCommand : QualityDocumentCommand
{
    /// <summary>The scores to verify, also saved and read again by Import-Clixml or ConvertFrom-Json.</summary>
    [Parameter(Mandatory = true)]
    [Accepts(typeof(DataQuality))]
    [ValidateNotNullOrEmpty]
    [Alias("Quality")]
    public PSObject[] Score { get; set; } = [];

    /// <inheritdoc/>
    protected override void End()
    {
        CompleteReading();
        DataQuality[] scores = [.. Records<DataQuality>(Score)];
        if (scores.Length == 0)
        {
            return;
        }

        WordList dictionary = OpenDictionary();
        using SentenceEmbedder? embedder = scores.Any(score => score.Epsilon is null && score.Parameters.Model.Length > 0) ? SentenceEmbedder.Open() : null;
        using ReferenceCorpus? reference = OpenReference(embedder, null);
        var meter = new ProgressMeter(this, "Repeating data quality", "texts");
        foreach (IGrouping<DataQualityParameters, DataQuality> group in scores.GroupBy(score => score.Parameters, new SameParameters()))
        {
            var estimator = new DataQualityEstimator(new DataQualityOptions
            {
                Parameters = group.Key with { Version = new DataQualityParameters().Version },
                Dictionary = dictionary,
                Embedder = group.Key.Model.Length > 0 ? embedder : null,
                Reference = reference,
            });
            if (group.All(score => score.Epsilon is null))
            {
                foreach (QualityDocument document in Documents)
                {
                    estimator.Add(document);
                }
            }

            IReadOnlyList<DataQuality> repeated = BackgroundWork.Run(
                estimator.Complete, done => meter.Report(done, estimator.TextCount), Cancellation);
            foreach (DataQuality score in group)
            {
                TryItem(score, () => WriteRecord(
                    DataQualityVerifier.Compare(score, repeated.FirstOrDefault(other => other.Contributor == score.Contributor))));
            }
        }

        meter.Complete();
    }

    /// <summary>Parameters that give the same scores.</summary>
    private sealed class SameParameters : IEqualityComparer<DataQualityParameters>
    {
        public bool Equals(DataQualityParameters? x, DataQualityParameters? y) => DataQualityVerifier.AreSame(x!, y!);

        public int GetHashCode(DataQualityParameters obj) => HashCode.Combine(obj.ClusterCount, obj.Seed, obj.ErrorFactor);
    }
}
