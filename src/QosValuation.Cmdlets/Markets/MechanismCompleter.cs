using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using QosValuation.Markets.Auctions;
using QosValuation.Markets.Properties;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Completes the names of mechanisms that can be tested.</summary>
public sealed class MechanismCompleter : IArgumentCompleter
{
    /// <summary>All names, in order.</summary>
    internal static IEnumerable<string> Names =>
        [.. DataAuctions.All.Select(auction => auction.Name.ToString()), UtilityShareUnderTest.MechanismName, ModelMarketUnderTest.MechanismName];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        NameCompletion.Complete(wordToComplete, Names.Select(name => (name, name)));
}
