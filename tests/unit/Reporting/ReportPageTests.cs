using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Tests;

/// <summary>The page as a browser shows it, and as its bytes are.</summary>
public sealed partial class ReportPageTests
{
    private const string Attack = "</script><script>window.attacked=1</script><img src=x onerror=\"window.attacked=1\">'\"&";

    [Fact]
    public void SameResultsGiveTheSameBytes()
    {
        // Drawn again after others were: nothing may count on through the process.
        byte[] first = Page(ReportSamples.Build("Twice", ReportSamples.Many()));
        Page(ReportSamples.Build("Between", ReportSamples.Many().Take(8)));
        Assert.Equal(first, Page(ReportSamples.Build("Twice", ReportSamples.Many())));
    }

    [Fact]
    public void ReferencesNothingOutsideItself()
    {
        string page = System.Text.Encoding.UTF8.GetString(Page(ReportSamples.Build("Alone", ReportSamples.Many())));
        page = Script().Replace(page, string.Empty);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"<(script|img|iframe|object|embed|audio|video|source)\b[^>]*\bsrc=""(?!data:)", page);
        Assert.DoesNotMatch(@"<link\b[^>]*href=""(?!data:)", page);
        Assert.DoesNotMatch(@"<a\b[^>]*href=""(?!data:|#)", page);
        Assert.DoesNotContain("@import", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\b" + Regex.Escape(Environment.MachineName) + @"\b", page);
    }

    [BrowserTheory]
    [InlineData("allocation")]
    [InlineData("privacy")]
    public async Task ChartsAreDrawnWithoutErrorsOrRequests(string name)
    {
        Report report = ReportSamples.Build("Results about " + name, name == "privacy" ? ReportSamples.Privacy().Concat(ReportSamples.Many()) : ReportSamples.Many());
        using var folder = new TemporaryFolder();
        string path = Save(report, folder);
        await using Browser browser = await Browser.StartAsync();
        foreach ((int width, bool dark) in new[] { (1280, false), (1280, true), (360, false), (360, true) })
        {
            await browser.OpenAsync(path, width, 800, dark);
            Assert.Equal(report.Figures().Count(), (await browser.EvaluateAsync("document.querySelectorAll('.chart[data-drawn=true] svg path').length && document.querySelectorAll('.chart[data-drawn=true]').length"))!.GetValue<int>());

            // Nothing is wider than the window, and no text of a chart is cut at its edge or lies over another of its axis.
            Assert.Equal(width, (await browser.EvaluateAsync("document.documentElement.scrollWidth"))!.GetValue<int>());
            JsonNode cut = (await browser.EvaluateAsync("""
                JSON.stringify([...document.querySelectorAll('.chart')].flatMap(chart => {
                    const frame = chart.getBoundingClientRect();
                    return [...chart.querySelectorAll('text')].filter(text => {
                        const box = text.getBoundingClientRect();
                        return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
                    }).map(text => chart.id + ': ' + text.textContent);
                }))
                """))!;
            Assert.Equal("[]", cut.GetValue<string>());
            JsonNode overlaps = (await browser.EvaluateAsync("""
                JSON.stringify([...document.querySelectorAll('.chart')].flatMap(chart => {
                    const texts = [...chart.querySelectorAll('text')].filter(text => !(text.getAttribute('transform') || '').startsWith('matrix')).map(text => [text.textContent, text.getBoundingClientRect()]);
                    return texts.flatMap(([a, x], i) => texts.slice(i + 1).filter(([, y]) =>
                        Math.min(x.right, y.right) - Math.max(x.left, y.left) > 2 && Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top) > 4).map(([b]) => chart.id + ': ' + a + ' / ' + b));
                }))
                """))!;
            Assert.Equal("[]", overlaps.GetValue<string>());
            await KeepAsync(browser, $"{name}-{width}-{(dark ? "dark" : "light")}.png");
        }

        Assert.Empty(browser.Messages);
        Assert.Empty(browser.Requests);
    }

    [BrowserFact]
    public async Task ShowsEverythingWithoutScripts()
    {
        Report report = ReportSamples.Build("No scripts", ReportSamples.Many());
        using var folder = new TemporaryFolder();
        await using Browser browser = await Browser.StartAsync();
        await browser.OpenAsync(Save(report, folder), 1280, 800, scripts: false);
        Assert.Equal(report.Figures().Count(), (await browser.EvaluateAsync("document.querySelectorAll('.chart > svg').length"))!.GetValue<int>());
        Assert.True((await browser.EvaluateAsync("document.getElementById('theme').hidden"))!.GetValue<bool>());
        await KeepAsync(browser, "page-no-scripts.png");
    }

    [BrowserFact]
    public async Task TextOfResultsNeverBecomesMarkup()
    {
        Report report = ReportSamples.Build(
            Attack,
            [
                ReportSamples.Row("TokenGrant", ("Agent", Attack), ("Value", 1.0), ("Tokens", 2.0), ("RewardRate", 2.0), ("Scheme", Attack)),
                ReportSamples.Row("TokenGrant", ("Agent", "b" + Attack), ("Value", 2.0), ("Tokens", 1.0), ("RewardRate", 0.5), ("Scheme", "B")),
                ReportSamples.Row(Attack, (Attack, Attack)),
            ]);
        using var folder = new TemporaryFolder();
        await using Browser browser = await Browser.StartAsync();
        string path = Save(report, folder);
        foreach (bool scripts in new[] { true, false })
        {
            await browser.OpenAsync(path, 1280, 800, scripts: scripts);
            Assert.Equal("undefined", (await browser.EvaluateAsync("typeof window.attacked"))!.GetValue<string>());
            Assert.Equal(0, (await browser.EvaluateAsync("document.querySelectorAll('img, svg script, [onerror]').length"))!.GetValue<int>());
            Assert.Equal(Attack, (await browser.EvaluateAsync("document.title"))!.GetValue<string>());
            Assert.Equal(Attack, (await browser.EvaluateAsync("document.querySelector('h1').textContent"))!.GetValue<string>());
        }

        Assert.Empty(browser.Messages);
        Assert.Empty(browser.Requests);

        // The policy itself: a script that got in would not run.
        await browser.OpenAsync(path, 1280, 800);
        await browser.EvaluateAsync("(() => { const s = document.createElement('script'); s.textContent = 'window.attacked = 1'; document.body.append(s); fetch('http://127.0.0.1:9/').catch(() => {}); })()");
        Assert.Equal("undefined", (await browser.EvaluateAsync("typeof window.attacked"))!.GetValue<string>());
        Assert.NotEmpty(browser.Messages);
    }

    [BrowserFact]
    public async Task KeyboardReachesTheThemeTheTablesAndTheData()
    {
        using var folder = new TemporaryFolder();
        await using Browser browser = await Browser.StartAsync();
        await browser.OpenAsync(Save(ReportSamples.Build("Keys", ReportSamples.Many()), folder), 1280, 800);
        await browser.PressAsync("Tab", 9);
        Assert.Equal("Skip to the results", (await browser.EvaluateAsync("document.activeElement.textContent"))!.GetValue<string>());
        Assert.True((await browser.EvaluateAsync("document.activeElement.getBoundingClientRect().left >= 0"))!.GetValue<bool>(), "the skip link shows when it has the focus");
        await browser.PressAsync("Tab", 9);
        Assert.Equal("theme", (await browser.EvaluateAsync("document.activeElement.id"))!.GetValue<string>());
        string before = (await browser.EvaluateAsync("getComputedStyle(document.body).backgroundColor"))!.GetValue<string>();
        await browser.PressAsync("Enter", 13);
        Assert.Equal("Theme: dark", (await browser.EvaluateAsync("document.activeElement.textContent"))!.GetValue<string>());
        Assert.NotEqual(before, (await browser.EvaluateAsync("getComputedStyle(document.body).backgroundColor"))!.GetValue<string>());

        // Every chart has a name and a description for those who cannot see it, and a table beside it.
        Assert.Equal(0, (await browser.EvaluateAsync("[...document.querySelectorAll('.chart')].filter(c => c.getAttribute('role') !== 'img' || !document.getElementById(c.getAttribute('aria-labelledby')).textContent || c.getAttribute('aria-description').length < 20 || !c.closest('section').querySelector('table')).length"))!.GetValue<int>());
        string csv = (await browser.EvaluateAsync("decodeURIComponent(escape(atob([...document.querySelectorAll('a[download]')].pop().href.split(',')[1])))"))!.GetValue<string>();
        Assert.Equal("Name,Amount\nthing 1,1.5\nthing 2,3\nthing 3,4.5\nthing 4,6\nthing 5,7.5\n", csv);
    }

    [BrowserFact]
    public async Task TheKeyboardHidesAndShowsASeriesOfAChart()
    {
        using var folder = new TemporaryFolder();
        await using Browser browser = await Browser.StartAsync();
        await browser.OpenAsync(Save(ReportSamples.Build("Legends", ReportSamples.Many()), folder), 1280, 800);

        // Every chart with something to tell apart has a group of buttons with a name; no chart draws a second legend beside it.
        Assert.Equal("[]", (await browser.EvaluateAsync("""
            JSON.stringify(JSON.parse(document.getElementById('figures').textContent).filter(figure => {
                const holder = document.getElementById('chart-' + figure.id), group = holder.parentNode.querySelector('.legend');
                const names = figure.series.map(series => series.name), needs = names.length > 1;
                return needs !== !!group || (group && (group.getAttribute('role') !== 'group' || !group.getAttribute('aria-label').includes(figure.title)
                    || JSON.stringify([...group.querySelectorAll('button')].map(button => button.textContent)) !== JSON.stringify(names)
                    || [...group.querySelectorAll('button')].some(button => button.getAttribute('aria-pressed') !== 'true' || !button.querySelector('svg *'))
                    || [...holder.querySelectorAll('text')].some(text => names.includes(text.textContent))));
            }).map(figure => figure.id))
            """))!.GetValue<string>());

        // By Tab to the first of them.
        for (int i = 0; i < 60 && !(await browser.EvaluateAsync("!!document.activeElement.closest('.legend')"))!.GetValue<bool>(); i++)
        {
            await browser.PressAsync("Tab", 9);
        }

        const string State = "JSON.stringify([document.activeElement.getAttribute('aria-pressed'), document.activeElement.matches(':focus-visible') && getComputedStyle(document.activeElement).outlineStyle])";
        const string Paths = "document.activeElement.closest('figure').querySelectorAll('.chart path').length";
        Assert.Equal("""["true","solid"]""", (await browser.EvaluateAsync(State))!.GetValue<string>());
        int before = (await browser.EvaluateAsync(Paths))!.GetValue<int>();
        await browser.PressAsync("Enter", 13);
        Assert.Equal("""["false","solid"]""", (await browser.EvaluateAsync(State))!.GetValue<string>());
        int hidden = (await browser.EvaluateAsync(Paths))!.GetValue<int>();
        Assert.True(hidden < before, $"{before} paths before, {hidden} after the series was hidden.");

        // The choice outlives a change of theme or width.
        await browser.EvaluateAsync("document.getElementById('theme').click()");
        Assert.Equal(hidden, (await browser.EvaluateAsync(Paths))!.GetValue<int>());
        await KeepAsync(browser, "legend-hidden.png");
        await browser.PressAsync("Enter", 13);
        Assert.Equal(before, (await browser.EvaluateAsync(Paths))!.GetValue<int>());
        Assert.Empty(browser.Messages);
    }

    [BrowserFact]
    public async Task PaperShowsLightDrawingsOfItsOwnWidth()
    {
        using var folder = new TemporaryFolder();
        await using Browser browser = await Browser.StartAsync();
        Report report = ReportSamples.Build("Paper", ReportSamples.Many());
        await browser.OpenAsync(Save(report, folder), 1280, 800, dark: true);
        await browser.EvaluateAsync("document.documentElement.setAttribute('data-theme', 'dark')");
        await browser.EmulatePrintAsync();
        Assert.Equal(report.Figures().Count(), (await browser.EvaluateAsync("[...document.querySelectorAll('.paper > svg')].filter(svg => svg.getBoundingClientRect().width > 100).length"))!.GetValue<int>());
        Assert.Equal(0, (await browser.EvaluateAsync("[...document.querySelectorAll('.chart, #theme, .legend, nav')].filter(part => part.getBoundingClientRect().width > 0).length"))!.GetValue<int>());
        Assert.Equal("rgb(31, 35, 40)", (await browser.EvaluateAsync("getComputedStyle(document.body).color"))!.GetValue<string>());

        // No figure is left in a half-empty row, no paragraph may be torn, and no closed table leaves an empty box.
        Assert.Equal("avoid", (await browser.EvaluateAsync("getComputedStyle(document.querySelector('.read')).breakInside"))!.GetValue<string>());
        Assert.Equal(0, (await browser.EvaluateAsync("[...document.querySelectorAll('details:not([open])')].filter(part => part.getBoundingClientRect().height > 0).length"))!.GetValue<int>());
        Assert.Equal(0, (await browser.EvaluateAsync("[...document.querySelectorAll('.paper > svg')].filter(svg => svg.getBoundingClientRect().height > 300).length"))!.GetValue<int>());
        await KeepAsync(browser, "paper.png");
    }

    [GeneratedRegex("<script>.*?</script>", RegexOptions.Singleline)]
    private static partial Regex Script();

    private static byte[] Page(Report report)
    {
        using var stream = new MemoryStream();
        HtmlReportWriter.Write(report, stream, (id, figure) => FigureRenderer.Shared.Svg(id, figure));
        return stream.ToArray();
    }

    private static string Save(Report report, TemporaryFolder folder)
    {
        string path = folder.File("report.html");
        ReportFiles.SavePage(report, path);
        return path;
    }

    /// <summary>Keeps a screenshot to look at where QOSVALUATION_SCREENSHOTS names a folder.</summary>
    private static async Task KeepAsync(Browser browser, string name)
    {
        if (Environment.GetEnvironmentVariable("QOSVALUATION_SCREENSHOTS") is string folder)
        {
            Directory.CreateDirectory(folder);
            await File.WriteAllBytesAsync(Path.Combine(folder, name), await browser.ScreenshotAsync());
        }
    }
}
