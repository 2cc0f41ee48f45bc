using System.Globalization;
using System.Xml.Linq;
using QosValuation.Cmdlets;

namespace QosValuation.Tests;

public sealed class TableNumberTests
{
    [Theory]
    [InlineData(3.0, 8, "N3", "3.000")]
    [InlineData(20576.0, 8, "N3", "20,576.0")]
    [InlineData(123456789.123, 8, "N3", "1.2346E8")]
    [InlineData(123456789.123, 11, "N3", "123,456,789")]
    [InlineData(0.0001667, 8, "N3", "1.667E-4")]
    [InlineData(0.0, 8, "N3", "0.000")]
    [InlineData(0.00001, 6, "F4", "0.0000")]
    [InlineData(123456.0, 8, "G5", "123,456")]
    [InlineData(1000000.5, 9, "G5", "1,000,000")]
    [InlineData(4115226.337, 9, "G5", "4,115,226")]
    [InlineData(0.008401, 7, "G4", "0.0084")]
    [InlineData(0.001, 5, "G4", "0.001")]
    [InlineData(-123456.0, 7, "G4", "-123456")]
    [InlineData(1.0, 5, "P0", "100 %")]
    [InlineData(12345.678, 7, "P1", "1.2E6 %")]
    [InlineData(double.NaN, 6, "F3", "NaN")]
    [InlineData(double.PositiveInfinity, 6, "F3", "∞")]
    public void KeepsWithinTheColumn(double value, int width, string format, string expected)
    {
        using var culture = new CultureScope(string.Empty);
        string text = TableNumber.Fit(value, width, format);
        Assert.True(text.Length <= width, text);
        Assert.Equal(expected, text);
    }

    [Fact]
    public void NothingIsAnEmptyFieldAndIntegersAreNumbers()
    {
        using var culture = new CultureScope("de-DE");
        Assert.Equal(string.Empty, TableNumber.Fit(null, 8, "N3"));
        Assert.Equal("1.234", TableNumber.Fit(1234, 8, "N0"));
        Assert.Equal("1,5", TableNumber.Fit(1.5m, 8, "G5"));
        Assert.Equal("123456", TableNumber.Fit(123456, 6, "D"));
        Assert.Equal("1,2E6", TableNumber.Fit(1234567, 5, "D"));
    }

    [Fact]
    public void AnyNumberFitsAndIsNear()
    {
        using var culture = new CultureScope(string.Empty);
        var random = new Random(1);
        foreach (string format in (string[])["N3", "N0", "G5", "F4", "F1", "G3"])
        {
            for (int i = 0; i < 20_000; i++)
            {
                double value = (random.Next(2) == 0 ? 1 : -1) * Math.Pow(10, random.Next(-90, 90)) * (1 + (9 * random.NextDouble()));
                int width = random.Next(6, 13);
                string text = TableNumber.Fit(value, width, format);
                Assert.True(text.Length <= width, $"{value} as {format} in {width}: {text}");
                double read = double.Parse(text, NumberStyles.Any, CultureInfo.InvariantCulture);

                // One digit is the least; F shows what is small as 0, and so does N0 at no time.
                Assert.True(Math.Abs(read - value) <= (0.5 * Math.Abs(value)) + (format[0] == 'F' ? 0.05 : 0), $"{value} as {format} in {width}: {text}");
            }
        }
    }

    /// <summary>Each number of a table is written for the width of its own column, and a table of 80 columns shows whole columns.</summary>
    [Fact]
    public void TheTablesOfTheModuleUseIt()
    {
        string[] files = Directory.GetFiles(Path.Combine(TestData.RepositoryRoot, "module", "formats"), "*.format.ps1xml");
        Assert.NotEmpty(files);
        int numbers = 0;
        foreach (XElement table in files.SelectMany(file => XDocument.Load(file).Descendants("TableControl")))
        {
            string view = table.Parent!.Element("Name")!.Value;
            XElement[] headers = [.. table.Descendants("TableColumnHeader")];
            XElement[] items = [.. table.Descendants("TableColumnItem")];
            Assert.Equal(headers.Length, items.Length);
            int used = -1;
            for (int i = 0; i < headers.Length; i++)
            {
                string? width = headers[i].Element("Width")?.Value;
                string? format = items[i].Element("FormatString")?.Value;
                Assert.True(width is null || format is null || format.StartsWith("{0:yyyy", StringComparison.Ordinal), $"{view}: {items[i]}");
                string script = items[i].Element("ScriptBlock")?.Value ?? string.Empty;
                if (script.StartsWith("[QosValuation.Cmdlets.TableNumber]::Fit(", StringComparison.Ordinal))
                {
                    Assert.Contains($", {width}, '", script, StringComparison.Ordinal);
                    Assert.True(int.Parse(width!, CultureInfo.InvariantCulture) >= 5, $"{view}: {script}");
                    numbers++;
                }

                // The terminal's last column may be narrowed: so none begins within the 80 and ends behind them.
                int end = used + 1 + int.Parse(width ?? "0", CultureInfo.InvariantCulture);
                Assert.True(width is null || end <= 80 || used >= 78, $"{view}: column {i} ends at {end}");
                used = end;
            }
        }

        Assert.True(numbers > 100, $"{numbers} numbers");
    }
}
