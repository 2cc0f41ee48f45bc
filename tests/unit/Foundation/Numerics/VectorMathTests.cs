using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class VectorMathTests
{
    private const int Count = 1 << 20;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.9, 1.2)]
    [InlineData(0.99999, 1.00001)]
    [InlineData(0, 1e-6)]
    [InlineData(0, 1e6)]
    [InlineData(1e-320, 1e-307)]
    public void LogarithmsAreThoseOfTheLibrary(double least, double most) => Check(least, most, VectorMath.Log, Math.Log);

    [Theory]
    [InlineData(-40, 0)]
    [InlineData(-750, 0)]
    [InlineData(-1e-3, 1e-3)]
    [InlineData(0, 720)]
    public void ExponentialsAreThoseOfTheLibrary(double least, double most) => Check(least, most, VectorMath.Exp, Math.Exp);

    [Theory]
    [InlineData(0, 2 * Math.PI)]
    [InlineData(0, 1e-6)]
    [InlineData(Math.PI - 1e-6, Math.PI + 1e-6)]
    [InlineData(Math.PI / 2 - 1e-6, Math.PI / 2 + 1e-6)]
    public void SinesAndCosinesAreThoseOfTheLibrary(double least, double most)
    {
        double[] cosines = new double[Count];
        Check(least, most, angles => VectorMath.SinCos(angles, cosines), Math.Sin);
        Check(least, most, angles =>
        {
            VectorMath.SinCos(angles, cosines);
            cosines.CopyTo(angles);
        }, Math.Cos);
    }

    [Fact]
    public void EndsAreThoseOfTheLibraryToo()
    {
        double[] ends =
        [
            0, -0.0, 1, -1, double.Epsilon, double.MaxValue, double.PositiveInfinity, double.NegativeInfinity, double.NaN, 1e-308, Math.PI, 2 * Math.PI, 745.2,
            -745.2, 709.8, -708.5,
        ];
        Same(ends, VectorMath.Log, Math.Log);
        Same(ends, VectorMath.Exp, Math.Exp);
        double[] angles = [.. Enumerable.Range(0, 64).Select(k => k / 32.0 * Math.PI)];
        Same(angles, values => VectorMath.SinCos(values, new double[angles.Length]), Math.Sin);
    }

    private static void Check(double least, double most, SpanAction act, Func<double, double> expected)
    {
        RandomSource random = RandomSource.Create(11);
        double[] values = new double[Count];
        foreach (ref double value in values.AsSpan())
        {
            value = least + ((most - least) * random.NextPositiveDouble());
        }

        Same(values, act, expected);
    }

    private static void Same(double[] values, SpanAction act, Func<double, double> expected)
    {
        double[] results = [.. values];
        act(results);
        for (int i = 0; i < values.Length; i++)
        {
            double wanted = expected(values[i]);
            if (BitConverter.DoubleToInt64Bits(wanted) != BitConverter.DoubleToInt64Bits(results[i]) && !(double.IsNaN(wanted) && double.IsNaN(results[i])))
            {
                Assert.Fail($"{values[i]:R} gave {results[i]:R} and not {wanted:R}");
            }
        }
    }

    private delegate void SpanAction(Span<double> values);
}
