using System.Management.Automation;
using System.Reflection;
using QosValuation.Cmdlets;
using QosValuation.Cmdlets.Allocation;
using QosValuation.Cmdlets.Privacy;

namespace QosValuation.Tests;

public sealed class NumberAttributeTests
{
    private static readonly string[] Cultures = ["", "de-DE", "tr-TR", "fa-IR"];

    private static readonly Type[] Whole =
    [
        typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
    ];

    private static readonly Type[] Real = [typeof(float), typeof(double), typeof(decimal)];

    /// <summary>PowerShell's own conversion reads "2,5" as 25.</summary>
    [Fact]
    public void EveryNumericParameterReadsTextsByOneRule()
    {
        int numbers = 0;
        var open = new List<string>();
        foreach (Type cmdlet in typeof(QosCmdlet).Assembly.GetTypes().Where(type => type.IsDefined(typeof(CmdletAttribute))))
        {
            foreach (PropertyInfo property in cmdlet.GetProperties().Where(property => property.IsDefined(typeof(ParameterAttribute))))
            {
                Type? nullable = Nullable.GetUnderlyingType(property.PropertyType);
                Type type = property.PropertyType.IsArray ? property.PropertyType.GetElementType()! : nullable ?? property.PropertyType;
                if (!Whole.Contains(type) && !Real.Contains(type))
                {
                    continue;
                }

                numbers++;
                bool isOwn = property.IsDefined(typeof(ReleaseValueAttribute))
                    || (Real.Contains(type) && property.IsDefined(typeof(AgentNumberTransformationAttribute)));
                NumberAttribute? attribute = property.GetCustomAttribute<NumberAttribute>();
                bool mayBeAbsent = nullable is not null
                    || (property.PropertyType.IsArray && new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable);
                if (!isOwn && (attribute is null || attribute is WholeNumberAttribute != Whole.Contains(type) || attribute.MayBeAbsent != mayBeAbsent || attribute.TakesList != property.PropertyType.IsArray))
                {
                    open.Add($"{cmdlet.Name} -{property.Name}");
                }
            }
        }

        Assert.Empty(open);
        Assert.True(numbers > 100);
    }

    [Fact]
    public void TextsAreReadTheSameInEveryCultureOrRefused()
    {
        using var host = new CmdletHost(typeof(SelectNumberCommand));
        foreach (string culture in Cultures)
        {
            using var scope = new CultureScope(culture);
            Assert.Equal(2.5, Run(host, nameof(SelectNumberCommand.Real), "2.5"));
            Assert.Equal(1.375, Run(host, nameof(SelectNumberCommand.Real), " 1.375 "));
            Assert.Equal(1.375, Run(host, nameof(SelectNumberCommand.Real), "1\u066B375"));
            Assert.Equal(2.5, Run(host, nameof(SelectNumberCommand.Real), new PSObject("2.5")));
            Assert.Equal(2.5, Run(host, nameof(SelectNumberCommand.Real), 2.5m));
            Assert.Equal(7, Run(host, nameof(SelectNumberCommand.Count), "7"));
            Assert.Equal(7, Run(host, nameof(SelectNumberCommand.Count), 7.0));
            Assert.Equal([0.5, 2.0], (double[])Run(host, nameof(SelectNumberCommand.Reals), new object[] { "0.5", 2 })!);
            Assert.Equal(2.5, Run(host, nameof(SelectNumberCommand.Real), new object[] { "2.5" }));
            Assert.Contains(
                "takes one number, and 2 were given: 1, 2.",
                Assert.ThrowsAny<ParameterBindingException>(() => Run(host, nameof(SelectNumberCommand.Count), new object[] { 1, 2 })).Message,
                StringComparison.Ordinal);
            Assert.Equal(-1, Run(host, nameof(SelectNumberCommand.MayBe), ""));
            Assert.Equal(-1, Run(host, nameof(SelectNumberCommand.MayBe), null));
            if (culture is "de-DE" or "tr-TR")
            {
                Assert.Equal(1.375, Run(host, nameof(SelectNumberCommand.Real), "1,375"));
                Assert.Equal([0.5, 2.0], (double[])Run(host, nameof(SelectNumberCommand.Reals), new object[] { "0,5", 2 })!);
            }
            else
            {
                Refused(host, nameof(SelectNumberCommand.Real), "1,375");
                Refused(host, nameof(SelectNumberCommand.Reals), new[] { "0,5" });
            }

            foreach (object? wrong in new object?[] { "1.375,5", "1,375.5", "1e999", "１２", "", " ", null, true, 'x', "0x10" })
            {
                Refused(host, nameof(SelectNumberCommand.Real), wrong);
            }

            foreach (object? wrong in new object?[] { "2,5", "2.5", 2.5, 2.5m, 2.5f, "NaN", double.NaN, "3000000000", "", null, false, "1,000" })
            {
                Refused(host, nameof(SelectNumberCommand.Count), wrong);
            }
        }
    }

    private static object? Run(CmdletHost host, string parameter, object? value) => Assert.Single(host.Run("Select-Number", new() { [parameter] = value }));

    private static void Refused(CmdletHost host, string parameter, object? value) =>
        Assert.ThrowsAny<ParameterBindingException>(() => host.Run("Select-Number", new() { [parameter] = value }));
}

/// <summary>A cmdlet with numbers, that writes the one it was given.</summary>
[Cmdlet(VerbsCommon.Select, "Number")]
public sealed class SelectNumberCommand : PSCmdlet
{
    [Parameter]
    [Number]
    public double Real { get; set; }

    [Parameter]
    [Number(TakesList = true)]
    public double[] Reals { get; set; } = [];

    [Parameter]
    [WholeNumber]
    public int Count { get; set; }

    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? MayBe { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string given = MyInvocation.BoundParameters.Keys.Single();
        WriteObject(given == nameof(Reals) ? Reals : given == nameof(Real) ? Real : given == nameof(Count) ? Count : (object)(MayBe ?? -1), false);
    }
}
