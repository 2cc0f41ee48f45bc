using System.Text;
using System.Xml;

namespace QosValuation.Reporting.Figures;

/// <summary>Text as XML allows it.</summary>
internal static class XmlText
{
    /// <summary>Drops the characters that no XML document may hold, escaped or not: controls but for tab and line breaks, and lone surrogates.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The same text where nothing is forbidden.</returns>
    public static string WithoutForbidden(string text)
    {
        var kept = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (XmlConvert.IsXmlChar(text[i]))
            {
                kept.Append(text[i]);
            }
            else if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i]))
            {
                kept.Append(text[i]).Append(text[++i]);
            }
        }

        return kept.Length == text.Length ? text : kept.ToString();
    }
}
