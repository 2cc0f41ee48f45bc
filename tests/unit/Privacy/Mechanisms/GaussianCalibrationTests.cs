using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

/// <summary>The calibrations against values computed with 200 decimal digits from the definition.</summary>
public sealed class GaussianCalibrationTests
{
    /// <summary>ε, δ, and the exact σ/Δ: the root of Φ(1/2σ − εσ) − e^ε·Φ(−1/2σ − εσ) = δ, by bisection in 200-digit arithmetic.</summary>
    public static TheoryData<double, double, double> ExactSigmas => new()
    {
        { 0.001, 0.5, 0.74086918519562635547 },
        { 0.001, 0.1, 3.9610599667062759157 },
        { 0.001, 0.01, 38.039005484469235767 },
        { 0.001, 1e-05, 1724.2590335838074908 },
        { 0.001, 1e-10, 4584.2182271742569532 },
        { 0.001, 1e-50, 14096.135517252584765 },
        { 0.001, 1e-100, 20656.29593228237961 },
        { 0.001, 1e-300, 36664.470095428496897 },
        { 0.01, 0.5, 0.73701731718074432978 },
        { 0.01, 0.1, 3.8094438061099843538 },
        { 0.01, 0.01, 27.700882455611708963 },
        { 0.01, 1e-05, 243.78543767567802221 },
        { 0.01, 1e-10, 501.29213292600074138 },
        { 0.01, 1e-50, 1425.650670020940562 },
        { 0.01, 1e-100, 2076.6916783083053189 },
        { 0.01, 1e-300, 3672.7201034055684521 },
        { 0.1, 0.5, 0.70167458062070282036 },
        { 0.1, 0.1, 2.8469244358473496569 },
        { 0.1, 0.01, 9.5418230888288547477 },
        { 0.1, 1e-05, 30.749566131977448472 },
        { 0.1, 1e-10, 54.206295836901265586 },
        { 0.1, 1e-50, 144.17913493187477062 },
        { 0.1, 1e-100, 208.78885993163665954 },
        { 0.1, 1e-300, 367.90923857768499422 },
        { 0.5, 0.5, 0.59091759925878091194 },
        { 0.5, 0.1, 1.5562878953734972899 },
        { 0.5, 0.01, 3.1469130986066802609 },
        { 0.5, 1e-05, 7.0318266755824914044 },
        { 0.5, 1e-10, 11.436239995092028873 },
        { 0.5, 1e-50, 29.08224478626592206 },
        { 0.5, 1e-100, 41.929564631572607599 },
        { 0.5, 1e-300, 73.679927509302922113 },
        { 1, 0.5, 0.50706503147633135973 },
        { 1, 0.1, 1.0858777651918564784 },
        { 1, 0.01, 1.8778755609073860187 },
        { 1, 1e-05, 3.7306316348159418139 },
        { 1, 1e-10, 5.8677777496305263832 },
        { 1, 1e-50, 14.604918341799500309 },
        { 1, 1e-100, 21.009409042300620812 },
        { 1, 1e-300, 36.865497894111099653 },
        { 2, 0.5, 0.41104783958051619931 },
        { 2, 0.1, 0.731955243330688284 },
        { 2, 0.01, 1.1162543217615857794 },
        { 2, 1e-05, 1.9938124456435366774 },
        { 2, 1e-10, 3.0257935440946645903 },
        { 2, 1e-50, 7.342579969909769961 },
        { 2, 1e-100, 10.53285216412921858 },
        { 2, 1e-300, 18.448885041775088488 },
        { 5, 0.5, 0.28923317061262450374 },
        { 5, 0.1, 0.42504157685166666746 },
        { 5, 0.01, 0.5693793788250033072 },
        { 5, 1e-05, 0.89186826495151802924 },
        { 5, 1e-10, 1.2807779778932221849 },
        { 5, 1e-50, 2.9691634337013465471 },
        { 5, 1e-100, 4.2358129902599004542 },
        { 5, 1e-300, 7.3926006286566529621 },
        { 8, 0.5, 0.23591533527680703958 },
        { 8, 0.1, 0.32145552724783765366 },
        { 8, 0.01, 0.40836299474750345509 },
        { 8, 1e-05, 0.60022907219895155695 },
        { 8, 1e-10, 0.83398922953798898938 },
        { 8, 1e-50, 1.8718482846180705269 },
        { 8, 1e-100, 2.6588462374607053422 },
        { 8, 1e-300, 4.6270061935527993635 },
        { 20, 0.5, 0.15433077973688789162 },
        { 20, 0.1, 0.18839708453835312123 },
        { 20, 0.01, 0.22072751075351260253 },
        { 20, 1e-05, 0.29004141803279582416 },
        { 20, 1e-10, 0.37514542617179012512 },
        { 20, 1e-50, 0.77064657650441740424 },
        { 20, 1e-100, 1.0793649936647530176 },
        { 20, 1e-300, 1.8600605613165309761 },
        { 100, 0.5, 0.07036032149083715732 },
        { 100, 0.1, 0.077009402122327860221 },
        { 100, 0.01, 0.082854058758514711473 },
        { 100, 1e-05, 0.094669907014746388035 },
        { 100, 1e-10, 0.10876042602012663672 },
        { 100, 1e-50, 0.17675625655305256325 },
        { 100, 1e-100, 0.23332466739028057757 },
        { 100, 1e-300, 0.38279839749776204799 },
        { 300, 0.5, 0.040756994611743277942 },
        { 300, 0.1, 0.04294337157831073017 },
        { 300, 0.01, 0.044808126008874956902 },
        { 300, 1e-05, 0.048461267632760144562 },
        { 300, 1e-10, 0.052686649861127357003 },
        { 300, 1e-50, 0.07257781915950917209 },
        { 300, 1e-100, 0.089389604937313960138 },
        { 300, 1e-300, 0.13561815959339094175 },
        { 1000, 0.5, 0.022349509669530742329 },
        { 1000, 0.1, 0.022998981706908043001 },
        { 1000, 0.01, 0.023542036270761088714 },
        { 1000, 1e-05, 0.024581783351654279457 },
        { 1000, 1e-10, 0.025752834505378034519 },
        { 1000, 1e-50, 0.031024265429940162036 },
        { 1000, 1e-100, 0.035379541289937310654 },
        { 1000, 1e-300, 0.04753766013224315527 },
    };

    /// <summary>σ/Δ, ε, and ln δ from the definition in 200-digit arithmetic.</summary>
    public static TheoryData<double, double, double> ExactLogDeltas => new()
    {
        { 4.762, 5.46, -344.28927056743893961 },
        { 0.5993, 59.0, -603.50674023251291383 },
        { 1.239, 27.5, -574.99171620924472831 },
        { 9411.0, 0.00149, -113.67784373958031733 },
        { 0.06481, 457.0, -244.77068355584457927 },
        { 0.0422, 254.0, -0.14926287713783668669 },
        { 7.166, 0.652, -16.682859508536439824 },
        { 10.23, 1.83, -183.43425631406277089 },
        { 2766.0, 0.0012, -16.966857674883113975 },
        { 703.2, 0.0475, -572.3175442130504144 },
        { 0.1243, 39.3, -1.8096292421809052106 },
        { 0.09049, 60.7, -0.73990824374815083555 },
        { 0.2643, 5.07, -0.49176256976274026048 },
        { 30850.0, 0.00102, -513.24226295529284998 },
        { 180.6, 0.0181, -14.038593114102042929 },
        { 0.05237, 784.0, -501.80579777977866689 },
        { 649.7, 0.0544, -639.08874159342237056 },
        { 13.48, 1.72, -277.73946224233898304 },
        { 2039.0, 0.0169, -609.3275550254947238 },
        { 2.572, 13.9, -641.14782526967750603 },
        { 0.06383, 230.0, -26.678626440678333299 },
        { 8.146, 0.147, -4.9006678320741142039 },
        { 0.1562, 0.00749, -0.0013754824447678496491 },
        { 310.0, 0.0643, -211.27784499169845736 },
        { 22050.0, 0.00105, -285.22837558496468445 },
        { 68.56, 0.107, -36.039100797669477908 },
        { 0.2093, 81.5, -112.60932352029285021 },
        { 187.2, 0.0785, -119.47503656463073979 },
        { 0.09652, 16.9, -0.00029890964830199153152 },
        { 0.02325, 709.0, -2.9202645873079398058e-7 },
        { 0.9791, 31.5, -467.74250014399749128 },
        { 21780.0, 0.00128, -406.16918634790084705 },
        { 120.3, 0.157, -189.87699611515901454 },
        { 0.1253, 0.00113, -0.000065995016221893005268 },
        { 2875.0, 0.0122, -631.12186787046997157 },
        { 1755.0, 0.0151, -366.07844076454915843 },
        { 0.104, 378.0, -601.25919495865943993 },
        { 79.85, 0.116, -52.624595790894009048 },
        { 19.42, 1.41, -384.69677995168181609 },
        { 5883.0, 0.00445, -358.81001585664893112 },
        { 0.5258, 60.7, -486.62395453374305808 },
        { 20890.0, 0.00166, -619.22083365888847589 },
        { 2458.0, 0.00352, -50.508184352534694697 },
        { 7.261, 4.62, -570.28332475431616886 },
        { 306.7, 0.11, -582.72221246295116326 },
        { 4.042, 1.87, -34.04882282195134189 },
        { 20.8, 0.0796, -6.8896668241849017303 },
        { 137.3, 0.00295, -6.3960032940084868511 },
        { 2.724, 13.6, -688.58226064687487681 },
        { 0.1278, 0.00931, -0.000091827968425377434024 },
        { 0.03673, 832.0, -147.8303133715223286 },
        { 15.58, 0.272, -15.53936999697997602 },
        { 8.085, 3.66, -445.77581635157242287 },
        { 22.43, 0.542, -82.67129514033224953 },
        { 15460.0, 0.00216, -575.14954073437816892 },
        { 9696.0, 0.00157, -131.42155827602678784 },
        { 0.06658, 107.0, -0.47008252020532544942 },
        { 1.436, 24.5, -615.10136860283257565 },
        { 4.619, 6.06, -397.84450811770530081 },
        { 2910.0, 0.00436, -94.479760936741200629 },
    };

    [Theory]
    [MemberData(nameof(ExactSigmas))]
    public void AnalyticSigmaIsTheSmallestThatSatisfiesTheGuarantee(double epsilon, double delta, double exact)
    {
        double sigma = GaussianCalibration.AnalyticSigma(epsilon, delta, 1);
        Assert.InRange(sigma / exact, 1, 1 + 1e-12);
        Assert.True(GaussianCalibration.LogDelta(sigma, epsilon, 1) <= Math.Log(delta));
        Assert.Equal(sigma * 0.04, GaussianCalibration.AnalyticSigma(epsilon, delta, 0.04), 1e-15 * sigma);
    }

    [Theory]
    [MemberData(nameof(ExactLogDeltas))]
    public void LogDeltaAgreesWithTheDefinition(double sigma, double epsilon, double exact)
    {
        double actual = GaussianCalibration.LogDelta(sigma, epsilon, 1);
        Assert.InRange(actual, exact - 1e-9 * Math.Min(1, Math.Abs(exact)), exact + 1e-9 * Math.Min(1, Math.Abs(exact)));
        Assert.Equal(actual, GaussianCalibration.LogDelta(sigma * 1024, epsilon, 1024));
        Assert.Equal(Math.Exp(actual), GaussianCalibration.Delta(sigma, epsilon, 1));
    }

    [Theory]
    [MemberData(nameof(ExactSigmas))]
    public void EpsilonInvertsTheAnalyticSigma(double epsilon, double delta, double exact)
    {
        // At σ = exact·(1 − 10⁻⁹) a little more ε is needed, at σ = exact·(1 + 10⁻⁹) a little less.
        double back = GaussianCalibration.Epsilon(exact, delta, 1);
        Assert.InRange(back, GaussianCalibration.Epsilon(exact * (1 + 1e-9), delta, 1), GaussianCalibration.Epsilon(exact * (1 - 1e-9), delta, 1));
        Assert.True(GaussianCalibration.LogDelta(exact, back, 1) <= Math.Log(delta));
        Assert.InRange(back / epsilon, 1 - 1e-7, 1 + 1e-7);
    }

    [Theory]
    [InlineData(0.7408691851957745, 0.5, 0.0009999999996568250151905158)]
    [InlineData(0.30393363089470854, 0.9, 0.000999999998641531707749682)]
    [InlineData(0.19409921406901742, 0.99, 0.0009999999970198211990600994)]
    [InlineData(0.10221318394406351, 0.999999, 0.0009999999900541888841420981)]
    [InlineData(6.212448682739893, 0.06414732992298955, 1.700722912761636038853591e-9)]
    public void EpsilonIsNeverBelowTheExactOneEvenWhereDeltaAlmostCoversIt(double sigma, double delta, double exact)
    {
        // The exact ones for μ = 1/σ rounded to a double, by bisection with 60 digits.
        Assert.InRange(GaussianCalibration.Epsilon(sigma, delta, 1), exact, exact + 1e-13);
    }

    [Theory]
    [InlineData(0.5, 9.690, 7.032, 1.6e-8)]
    [InlineData(1, 4.845, 3.731, 4.1e-8)]
    [InlineData(5, 0.969, 0.892, 1.3e-6)]
    [InlineData(8, 0.606, 0.600, 8.0e-6)]
    [InlineData(10, 0.484, 0.500, 2.3e-5)]
    [InlineData(20, 0.242, 0.290, 1.5e-3)]
    public void PublishedValuesAtDeltaOneInAHundredThousand(double epsilon, double classic, double analytic, double trueDelta)
    {
        Assert.Equal(classic, GaussianCalibration.ClassicSigma(epsilon, 1e-5, 1), 5.1e-4);
        Assert.Equal(analytic, GaussianCalibration.AnalyticSigma(epsilon, 1e-5, 1), 5.1e-4);
        double delta = GaussianCalibration.Delta(GaussianCalibration.ClassicSigma(epsilon, 1e-5, 1), epsilon, 1);
        Assert.InRange(delta / trueDelta, 0.96, 1.04);
    }

    [Fact]
    public void TheProfileDecreasesInEpsilonAndInSigma()
    {
        RandomSource random = RandomSource.Create(3);
        for (int i = 0; i < 2_000; i++)
        {
            double epsilon = Math.Pow(10, 6 * random.NextDouble() - 3);
            double sigma = Math.Pow(10, 4 * random.NextDouble() - 2);
            double logDelta = GaussianCalibration.LogDelta(sigma, epsilon, 1);
            Assert.True(logDelta <= 0);
            Assert.True(GaussianCalibration.LogDelta(sigma * 1.001, epsilon, 1) <= logDelta);
            Assert.True(GaussianCalibration.LogDelta(sigma, epsilon * 1.001, 1) <= logDelta);
        }
    }

    [Fact]
    public void ExtremeArgumentsStayFinite()
    {
        Assert.InRange(GaussianCalibration.AnalyticSigma(1e-3, 1e-300, 1), 3e4, 4e4);
        Assert.InRange(GaussianCalibration.AnalyticSigma(1e9, 1e-5, 1), 1e-6, 1e-3);
        Assert.InRange(GaussianCalibration.AnalyticSigma(1, 1 - 1e-12, 1), 0.01, 0.1);
        Assert.InRange(GaussianCalibration.AnalyticSigma(1, double.Epsilon, 1), 30, 40);
        Assert.InRange(GaussianCalibration.ClassicSigma(1, double.Epsilon, 1), 38, 39);
        Assert.Equal(0, GaussianCalibration.Epsilon(1e6, 1e-5, 1));
        Assert.Equal(double.NegativeInfinity, GaussianCalibration.LogDelta(1e200, 1, 1));
        Assert.Equal(0, GaussianCalibration.LogDelta(1e-200, 1, 1));

        // As ε falls to 0 the whole guarantee rests on δ: 2Φ(Δ/2σ) − 1 = δ, so σ → Δ/(δ·√(2π)).
        Assert.Equal(1e5 / Math.Sqrt(2 * Math.PI), GaussianCalibration.AnalyticSigma(1e-320, 1e-5, 1), 1e-4);
        Assert.Equal("SigmaOutOfRange", Assert.Throws<QosValuationException>(() => GaussianCalibration.AnalyticSigma(1e-3, 1e-5, 1e308)).ErrorId);
    }

    [Theory]
    [InlineData(0, 1e-5, 1, "EpsilonOutOfRange")]
    [InlineData(-1, 1e-5, 1, "EpsilonOutOfRange")]
    [InlineData(double.NaN, 1e-5, 1, "EpsilonOutOfRange")]
    [InlineData(double.PositiveInfinity, 1e-5, 1, "EpsilonOutOfRange")]
    [InlineData(1, 0, 1, "DeltaOutOfRange")]
    [InlineData(1, 1, 1, "DeltaOutOfRange")]
    [InlineData(1, double.NaN, 1, "DeltaOutOfRange")]
    [InlineData(1, 1e-5, 0, "SensitivityOutOfRange")]
    [InlineData(1, 1e-5, double.NaN, "SensitivityOutOfRange")]
    [InlineData(1, 1e-5, double.PositiveInfinity, "SensitivityOutOfRange")]
    public void ArgumentsOutsideTheirRangeAreRefused(double epsilon, double delta, double sensitivity, string errorId)
    {
        Func<double>[] calibrations =
        [
            () => GaussianCalibration.AnalyticSigma(epsilon, delta, sensitivity),
            () => GaussianCalibration.ClassicSigma(epsilon, delta, sensitivity),
            () => NoiseMechanisms.Of(PrivacyMechanism.DiscreteGaussian).Sigma(epsilon, delta, sensitivity),
        ];
        foreach (Func<double> calibration in calibrations)
        {
            QosValuationException exception = Assert.Throws<QosValuationException>(() => calibration());
            Assert.Equal(errorId, exception.ErrorId);
            Assert.Equal(FaultKind.InvalidArgument, exception.Kind);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void SigmaOutsideItsRangeIsRefused(double sigma)
    {
        Assert.Equal("SigmaOutOfRange", Assert.Throws<QosValuationException>(() => GaussianCalibration.LogDelta(sigma, 1, 1)).ErrorId);
        Assert.Equal("SigmaOutOfRange", Assert.Throws<QosValuationException>(() => GaussianCalibration.Epsilon(sigma, 1e-5, 1)).ErrorId);
    }
}
