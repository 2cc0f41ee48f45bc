using System.Management.Automation;
using System.Reflection;
using QosValuation.Cmdlets;
using QosValuation.Cmdlets.Privacy;

namespace QosValuation.Tests;

public sealed class CmdletParameterTests
{
    private static readonly Type[] Cmdlets = [.. typeof(QosCmdlet).Assembly.GetTypes().Where(type => type.IsDefined(typeof(CmdletAttribute)))];

    /// <summary>PowerShell combines the members of a list bit by bit where one value of an enum is asked for.</summary>
    [Fact]
    public void AParameterThatTakesOneEnumValueRefusesAList()
    {
        Assert.NotEmpty(Cmdlets);
        string[] open = [.. from cmdlet in Cmdlets
                            from property in cmdlet.GetProperties()
                            where property.IsDefined(typeof(ParameterAttribute))
                            let type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType
                            where type.IsEnum && !type.IsDefined(typeof(FlagsAttribute)) && !property.IsDefined(typeof(SingleValueAttribute)) && !property.IsDefined(typeof(ReleaseValueAttribute))
                            select $"{cmdlet.Name} -{property.Name}"];
        Assert.Empty(open);
    }

    [Fact]
    public void AListForOneEnumValueIsAnError()
    {
        using var host = new CmdletHost(typeof(SelectColourCommand));
        Assert.Equal([ConsoleColor.Red], host.Run("Select-Colour", new() { ["Colour"] = "Red" }));
        Assert.Equal([ConsoleColor.Red], host.Run("Select-Colour", new() { ["Colour"] = new object[] { ConsoleColor.Red } }));
        foreach (object list in new object[] { new[] { "Red", "Blue" }, "Red,Blue", new[] { ConsoleColor.Red, ConsoleColor.Blue } })
        {
            ParameterBindingException refused = Assert.ThrowsAny<ParameterBindingException>(() => host.Run("Select-Colour", new() { ["Colour"] = list }));
            Assert.Contains("takes one value", refused.Message, StringComparison.Ordinal);
        }
    }
}

/// <summary>A cmdlet with one value of an enum.</summary>
[Cmdlet(VerbsCommon.Select, "Colour")]
public sealed class SelectColourCommand : PSCmdlet
{
    [Parameter]
    [SingleValue]
    public ConsoleColor Colour { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(Colour);
}
