using System.Globalization;

namespace QosValuation.Foundation.IO;

/// <summary>Numbers written as text by people and programs.</summary>
public static class NumberText
{
    /// <summary>Reads a number in the invariant culture or, failing that, in the user's, in which Export-Csv writes.</summary>
    /// <param name="text">The text; space around it is ignored. Signs between thousands are refused, because a comma there cannot
    /// be told from one before decimals.</param>
    /// <param name="number">The number; it may be infinite or NaN where the text says so.</param>
    /// <returns>False for what is no number.</returns>
    public static bool TryParse(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number)
        || double.TryParse(text, NumberStyles.Float, CultureInfo.CurrentCulture, out number);
}
