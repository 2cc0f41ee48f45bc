using System.Globalization;

namespace QosValuation.Reporting.Page;

/// <summary>How a report writes numbers: four significant digits, in one notation everywhere.</summary>
public static class ReportNumber
{
    /// <summary>A number for reading.</summary>
    /// <param name="value">Any number.</param>
    /// <param name="digits">Significant digits.</param>
    /// <returns>Such as <c>0.9871</c>, <c>12 500</c> or <c>1e-5</c>; – for NaN.</returns>
    public static string Format(double value, int digits = 4)
    {
        double size = Math.Abs(value);
        if (double.IsNaN(value))
        {
            return "–";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "∞" : "−∞";
        }

        string text = size != 0 && (size < 1e-3 || size >= 1e6)
            ? Exponent(value, digits)
            : size >= 1000
                ? Math.Round(value).ToString("#,0", CultureInfo.InvariantCulture).Replace(',', '\u2009')
                : decimal.Parse(Digits(value, digits), NumberStyles.Float, CultureInfo.InvariantCulture)
                    .ToString("0.############", CultureInfo.InvariantCulture);
        return text.Replace('-', '−');
    }

    /// <summary>A part of one as percent.</summary>
    /// <param name="value">Such as 0.462.</param>
    /// <returns>Such as <c>46 %</c>.</returns>
    public static string Percent(double value) =>
        double.IsNaN(value) ? "–" : Format(100 * value, Math.Abs(value) is >= 0.1 and < 0.9 ? 2 : 3) + "\u00a0%";

    private static string Digits(double value, int digits) =>
        value.ToString("G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string Exponent(double value, int digits)
    {
        string text = value.ToString("0." + new string('#', Math.Max(0, digits - 2)) + "e0", CultureInfo.InvariantCulture);
        return text;
    }
}
