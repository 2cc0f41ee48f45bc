namespace QosValuation.Privacy.Mechanisms;

/// <summary>The numbers that decide how much noise a mechanism draws. Each mechanism uses those that it has a use for.</summary>
/// <param name="Epsilon">ε &gt; 0 of a release; used by the formal mechanisms.</param>
/// <param name="Delta">δ in (0, 1) of a release; used by the formal mechanisms.</param>
/// <param name="PerturbationCoefficient">q ≥ 0 of ImageDp, whose noise has the standard deviation q·s.</param>
/// <param name="Scale">s ≥ 0 of ImageDp.</param>
public sealed record NoiseParameters(double Epsilon, double Delta, double PerturbationCoefficient = 0, double Scale = 0);
