using System.Globalization;
using System.Management.Automation;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Tells users what they must know of a mechanism before they rely on it.</summary>
internal static class MechanismAdvice
{
    /// <summary>Warns with a mechanism's own advice, where it has any.</summary>
    /// <param name="output">Where the warning goes.</param>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="parameters">Its parameters, in their ranges.</param>
    public static void Write(Cmdlet output, INoiseMechanism mechanism, NoiseParameters parameters)
    {
        if (mechanism.Advice(parameters) is FormattableString advice)
        {
            output.WriteWarning(advice.ToString(CultureInfo.CurrentCulture));
        }
    }
}
