using System.Globalization;
using System.Management.Automation;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>What users must be told about a mechanism before they rely on it.</summary>
internal static class MechanismAdvice
{
    /// <summary>Warns where the classic calibration is used outside the range it is proven for.</summary>
    /// <param name="cmdlet">Where the warning goes.</param>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="epsilon">ε, in its range.</param>
    /// <param name="delta">δ, in its range.</param>
    public static void Write(Cmdlet cmdlet, PrivacyMechanism mechanism, double epsilon, double delta)
    {
        if (mechanism != PrivacyMechanism.ClassicGaussian || epsilon < 1)
        {
            return;
        }

        double exact = GaussianCalibration.Delta(GaussianCalibration.ClassicSigma(epsilon, delta, 1), epsilon, 1);
        string verdict = exact <= delta ? "keeps the guarantee, with more noise than needed" : "does NOT keep the guarantee";
        cmdlet.WriteWarning(string.Create(
            CultureInfo.CurrentCulture,
            $"The classic calibration is proven for ε below 1 only. At ε = {epsilon:G6} and δ = {delta:G3} its true δ is {exact:G3}: it {verdict}. AnalyticGaussian is exact for every ε."));
    }
}
