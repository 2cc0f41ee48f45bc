using System.Globalization;

namespace QosValuation.Cmdlets;

/// <summary>How the module's tables write numbers: within the column, for PowerShell cuts off the leading digits of what is wider.</summary>
public static class TableNumber
{
    private const int MostDigits = 6;

    /// <summary>Writes a number in the session's culture, with fewer digits or an exponent where the column is too narrow for its format. O(1).</summary>
    /// <param name="value">The number; null for an empty field.</param>
    /// <param name="width">The column's characters, at least 5: then each number fits whose exponent has at most two digits.</param>
    /// <param name="format">
    /// .NET's format, such as <c>N3</c>, <c>G5</c> or <c>P1</c>. With N a number of which it would show less than two digits is written with more decimals.
    /// </param>
    /// <returns>The text.</returns>
    public static string Fit(object? value, int width, string format)
    {
        ArgumentException.ThrowIfNullOrEmpty(format);
        if (RecordProperties.Unwrap(value) is not IFormattable number)
        {
            return string.Empty;
        }

        CultureInfo culture = CultureInfo.CurrentCulture;
        string text = number.ToString(format, culture);
        double v = Convert.ToDouble(number, culture);
        if (!double.IsFinite(v))
        {
            return Fits(text) ? text : double.IsNaN(v) ? "NaN" : v > 0 ? "∞" : "-∞";
        }

        char kind = format[0];
        bool isGeneral = kind is 'G' or 'D';
        int decimals = isGeneral || format.Length < 2 ? 0 : format[1] - '0';
        bool isLost = kind == 'N' && v != 0 && Math.Abs(v) < Math.Pow(10, Math.Min(0, 1 - decimals));
        if (isGeneral ? Fits(text) && !text.Contains('E', StringComparison.Ordinal) : Fits(text) && !isLost)
        {
            return text;
        }

        // As many of the decimals as fit; a large number is plainer without an exponent.
        for (int kept = decimals - 1; kept >= 0 && !isGeneral && !isLost; kept--)
        {
            string shorter = number.ToString(string.Create(CultureInfo.InvariantCulture, $"{kind}{kept}"), culture);
            if (Fits(shorter))
            {
                return shorter;
            }
        }

        if (isGeneral && Math.Abs(v) >= 1 && v.ToString("N0", culture) is string whole && Fits(whole))
        {
            return whole;
        }

        if (isGeneral && Fits(text))
        {
            return text;
        }

        bool isShare = kind == 'P';
        string end = isShare ? " " + culture.NumberFormat.PercentSymbol : string.Empty;
        double shown = isShare ? 100 * v : v;
        for (int digits = MostDigits; digits > 0; digits--)
        {
            string plain = shown.ToString(string.Create(CultureInfo.InvariantCulture, $"G{digits}"), culture) + end;
            if (Fits(plain))
            {
                return plain;
            }

            text = shown.ToString("0." + new string('#', digits - 1) + "E0", culture) + end;
            if (Fits(text))
            {
                return text;
            }
        }

        return text;

        bool Fits(string shape) => shape.Length <= width;
    }
}
