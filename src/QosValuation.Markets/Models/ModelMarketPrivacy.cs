using System.Globalization;

namespace QosValuation.Markets.Models;

/// <summary>How the trainings of a model market are made private.</summary>
public sealed record ModelMarketPrivacy
{
    /// <summary>ε &gt; 0 of each client over all rounds of an algorithm.</summary>
    public required double Epsilon { get; init; }

    /// <summary>δ in (0, 1).</summary>
    public double Delta { get; init; } = 1e-5;

    /// <summary>C &gt; 0: the longest gradient of a record, or update of a client.</summary>
    public double ClippingNorm { get; init; } = 1;

    /// <summary>What is protected: a record of a client (DP-SGD), or the client with all its records (clipped and noised updates).</summary>
    public PrivacyUnit Unit { get; init; }

    /// <summary>Checks the clipping norm; ε and δ are checked where noise is calibrated.</summary>
    /// <exception cref="QosValuationException"><c>ModelMarketOptionNotValid</c>.</exception>
    public void Validate()
    {
        if (!(ClippingNorm > 0 && double.IsFinite(ClippingNorm)))
        {
            throw new QosValuationException(
                Faults.ModelMarketOptionNotValid,
                string.Create(CultureInfo.InvariantCulture, $"ClippingNorm is {ClippingNorm}; give a finite number above 0."),
                ClippingNorm);
        }
    }
}
