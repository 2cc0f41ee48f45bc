using System.Globalization;

namespace QosValuation;

/// <summary>What a provider of data asks, and what its data are measured to be worth.</summary>
public sealed record DataOffer
{
    /// <summary>The provider's name.</summary>
    public required string Contributor { get; init; }

    /// <summary>c ≥ 0: the cost that the provider reports, in units of the budget.</summary>
    public required double Cost { get; init; }

    /// <summary>q ≥ 0: the measured quality, by the paper from 0 to 1.</summary>
    public double Quality { get; init; } = 1;

    /// <summary>φ: the measured marginal utility; φ + κ must not be negative in an auction.</summary>
    public double MarginalUtility { get; init; } = 1;

    /// <summary>The group that a limit on winners counts, such as a country or a language; empty for none.</summary>
    public string Group { get; init; } = string.Empty;

    /// <summary>A digest of the data, such as that of a quality score or of a sealed submission: the audit trail of an award. Empty for none.</summary>
    public string Hash { get; init; } = string.Empty;

    /// <summary>The embedding of the data, for auctions that value diversity; null where there is none.</summary>
    public float[]? Vector { get; init; }

    /// <summary>Checks the numbers of an auction's offer. O(1).</summary>
    /// <param name="row">The offer's number in the input, from 1, for the message.</param>
    /// <param name="kappa">κ.</param>
    /// <exception cref="QosValuationException"><c>OfferNotValid</c>, naming the row, the field and the value.</exception>
    public void Validate(long row, double kappa)
    {
        RequireAmount(row, nameof(Cost), Cost);
        RequireAmount(row, nameof(Quality), Quality);
        Require(row, nameof(MarginalUtility), MarginalUtility, double.IsFinite(MarginalUtility), "give a finite number");
        if (MarginalUtility + kappa < 0)
        {
            throw NotValid(
                row, Contributor, nameof(MarginalUtility), MarginalUtility,
                string.Create(CultureInfo.InvariantCulture, $"with κ = {kappa} it is negative: leave the offer out, or give a larger -Kappa"), this);
        }
    }

    /// <summary>The fault of a field that cannot be used. O(1).</summary>
    /// <param name="row">The number of the row in the input, from 1.</param>
    /// <param name="contributor">The provider's name.</param>
    /// <param name="field">The field.</param>
    /// <param name="value">What it holds.</param>
    /// <param name="advice">What is wrong with it, or what to give.</param>
    /// <param name="subject">The offending object.</param>
    /// <returns>The fault <c>OfferNotValid</c>.</returns>
    public static QosValuationException NotValid(long row, string? contributor, string field, object? value, string advice, object? subject = null)
    {
        string name = string.IsNullOrEmpty(contributor) ? string.Empty : $" ('{contributor}')";
        string shown = value switch { null => "nothing", string text => $"'{text}'", _ => Convert.ToString(value, CultureInfo.InvariantCulture)! };
        return new(Faults.OfferNotValid, $"Row {row}{name} has {shown} as its {field}; {advice}.", subject);
    }

    private void RequireAmount(long row, string field, double value) =>
        Require(row, field, value, value >= 0 && double.IsFinite(value), "give a finite number of at least 0");

    private void Require(long row, string field, double value, bool isValid, string advice)
    {
        if (!isValid)
        {
            throw NotValid(row, Contributor, field, value, advice, this);
        }
    }
}
