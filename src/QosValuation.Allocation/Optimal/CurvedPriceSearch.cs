namespace QosValuation.Allocation.Optimal;

/// <summary>
/// Problem (12) where Jain's bound is active. For a fixed scale τ the cone ‖r‖ ≤ Σr/√(N·J) is replaced by the ball
/// (‖r‖² + τ²)/2 ≤ τ·Σr/√(N·J) inside it, which touches the cone where ‖r‖ = τ; the cone is the union of the balls. The ball's
/// centre is the equal rate p = τ/√(N·J): with n agents listed it is Σ(r − p)² ≤ p²·(n − N·J).
/// </summary>
/// <remarks>
/// With a ball the Lagrangian is separable but for the Gini term, strictly concave, and solved by
/// <see cref="RateLagrangian"/>; its dual is convex and continuously differentiable in at most three prices, piecewise
/// quadratic in two of them, and minimised by a Newton method with exact second derivatives and a line search on the
/// directional derivative. The optimal value is concave in τ with derivative of the sign of ‖r‖ − τ, so that τ is found by
/// a bracketed secant; each solution proves an interval of feasible scales (between τ and ‖r‖²/τ), and no step leaves it.
/// </remarks>
internal sealed class CurvedPriceSearch
{
    private const double Tolerance = 1e-13;
    private readonly RateProblem _problem;
    private readonly FairnessBounds _bounds;
    private readonly RateLagrangian _lagrangian;
    private readonly bool _withGini;
    private readonly double _root;
    private readonly double _room;
    private readonly double _giniRoom;
    private readonly double _goal;
    private readonly CancellationToken _cancellation;
    private readonly int _maxIterations;
    private double _scale;
    private double _value;
    private double _welfare;
    private double _leastCurvature;
    private double[] _x = new double[3];
    private double[] _gradient = new double[3];
    private readonly double[] _hessian = new double[9];
    private readonly double[] _unit = new double[3];

    /// <summary>Prepares a search.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="bounds">J below 1, and G.</param>
    /// <param name="lagrangian">The workspace.</param>
    /// <param name="withGini">Whether the Gini bound takes part.</param>
    /// <param name="goal">The relative gap at which the allocation is good enough.</param>
    /// <param name="maxIterations">How often the Lagrangian may be solved.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    public CurvedPriceSearch(
        RateProblem problem,
        FairnessBounds bounds,
        RateLagrangian lagrangian,
        bool withGini,
        double goal,
        int maxIterations,
        CancellationToken cancellationToken)
    {
        _problem = problem;
        _bounds = bounds;
        _lagrangian = lagrangian;
        _withGini = withGini;
        _root = Math.Sqrt(problem.Total * bounds.Jain);
        _room = Math.FusedMultiplyAdd(-problem.Total, bounds.Jain, problem.Values.Length);
        _giniRoom = Math.FusedMultiplyAdd(problem.Total, bounds.Gini, -problem.Absentees) / problem.Total;
        _goal = goal;
        _maxIterations = maxIterations;
        _cancellation = cancellationToken;
    }

    /// <summary>How often the Lagrangian was solved.</summary>
    public int Iterations { get; private set; }

    /// <summary>τ.</summary>
    public double Scale => _scale;

    /// <summary>The prices found last.</summary>
    public RatePrices Prices => new(_x[0], _x[2], _x[1]);

    /// <summary>The centre of the ball, τ/√(N·J): the pole of the Lagrangian.</summary>
    public double Pole => _scale / _root;

    /// <summary>Whether the search met its own tolerance.</summary>
    public bool Converged { get; private set; }

    /// <summary>Searches from a strictly feasible allocation; the rates stand in the workspace afterwards.</summary>
    /// <param name="start">Rates inside all constraints.</param>
    /// <param name="prices">A guess of the prices.</param>
    /// <param name="enough">Told every new solution; true ends the search.</param>
    public void Run(ReadOnlySpan<double> start, RatePrices prices, Func<bool> enough)
    {
        double sum = 0;
        double squares = 0;
        double slopeSum = 0;
        double slopeSquares = 0;
        for (int i = 0; i < start.Length; i++)
        {
            sum += start[i];
            squares += start[i] * start[i];
            double v = _problem.Values[i];
            double slope = v * (v - prices.Supply);
            slopeSum += slope;
            slopeSquares += slope * slope;
        }

        _scale = sum / _root;
        double welfare = _welfare = _problem.Welfare(start);
        double radius = _scale / _root * Math.Sqrt(_room);
        double curvature = prices.Curvature > 0
            ? prices.Curvature
            : Math.Sqrt(Math.Max(slopeSquares - slopeSum * slopeSum / start.Length, 0)) / radius;
        if (!(curvature > 0))
        {
            curvature = welfare / squares;
        }

        _unit[0] = welfare / _problem.Supply;
        _unit[1] = welfare / sum;
        _unit[2] = welfare / squares;
        _x[0] = Math.Max(prices.Supply, 0);
        _x[1] = _withGini ? Math.Max(prices.Gini, 0) : 0;
        _x[2] = curvature;

        double low = double.NegativeInfinity;
        double high = double.PositiveInfinity;
        double highestValue = double.NegativeInfinity;
        double[] known = new double[3];
        double knownScale = _scale;
        double width = double.PositiveInfinity;
        double reach = 0.25;
        for (int step = 0; step < 100; step++)
        {
            double move;
            double here = Math.Log(_scale);
            if (Minimise(highestValue))
            {
                highestValue = Math.Max(highestValue, _lagrangian.Moments.Welfare);
                double value = LogNormOverScale();
                if (enough() || Iterations >= _maxIterations || !(Math.Abs(value) > 4e-16))
                {
                    return;
                }

                if (value > 0)
                {
                    low = here;
                }
                else
                {
                    high = here;
                }

                _x.CopyTo(known, 0);
                knownScale = _scale;

                // τ ← ‖r‖ always improves; Newton's step goes further.
                double bend = ScaleSlope(value);
                // Where the rates scale freely the step has no bound: it grows up to eightfold until another constraint binds.
                double length = bend < 0 ? value / -bend : double.PositiveInfinity;
                reach = Math.Abs(length) < reach ? Math.Max(4 * Math.Abs(length), 0.05) : Math.Min(8 * reach, 2);
                move = Math.CopySign(Math.Min(Math.Abs(length), reach), value);
            }
            else
            {
                // No solution here reaches the best one so far: the scale went too far, perhaps beyond what is feasible.
                if (Iterations >= _maxIterations)
                {
                    return;
                }

                if (here > Math.Log(knownScale))
                {
                    high = here;
                }
                else
                {
                    low = here;
                }

                move = double.NaN;
            }

            if (double.IsFinite(low) && double.IsFinite(high))
            {
                double inside = high - low;
                double next = here + move;
                if (!(next > low && next < high) || (step % 4 == 3 && inside > 0.5 * width))
                {
                    next = low + inside / 2;
                }

                if (step % 4 == 3)
                {
                    width = inside;
                }

                move = next - here;
            }

            double scale = _scale * Math.Exp(move);
            if (scale == _scale || scale == knownScale)
            {
                return;
            }

            known.CopyTo(_x, 0);
            _x[2] *= knownScale / scale;
            _scale = scale;
        }
    }

    /// <summary>ln(‖r‖/τ), from the deviations alone.</summary>
    private double LogNormOverScale()
    {
        RateMoments m = _lagrangian.Moments;
        double pole = _scale / _root;
        double rise = _room * pole * pole + 2 * pole * m.DeviationSum + m.DeviationSquares;
        double ratio = rise / (_scale * _scale);
        if (Math.Abs(ratio) < 1e-3)
        {
            return ratio * (1 - ratio * (1 / 2.0 - ratio * (1 / 3.0 - ratio * (1 / 4.0 - ratio / 5)))) / 2;
        }

        return ratio > -1 ? Math.Log(1 + ratio) / 2 : double.NaN;
    }

    /// <summary>d ln(‖r‖/τ) / d ln τ at the minimum of the dual, the prices following the scale.</summary>
    private double ScaleSlope(double logRatio)
    {
        RateMoments m = _lagrangian.Moments;
        double pole = _scale / _root;
        double g = _bounds.Gini;

        // At fixed prices every free rate rises with the pole, by 1/√(NJ) per unit of τ.
        Span<double> change =
        [
            -m.FreeV / _root,
            _withGini ? (g * m.Free - m.FreeS) / _root : 0,
            (_room * pole + m.DeviationSum - m.FreeX) / _root,
        ];
        Span<double> byRate =
        [
            -(pole * m.FreeV + m.FreeVX),
            _withGini ? g * (pole * m.Free + m.FreeX) - pole * m.FreeS - m.FreeXS : 0,
            -(pole * m.FreeX + m.FreeXX),
        ];
        Span<double> zero = [0, 0, 0];
        Span<double> d = stackalloc double[3];
        int held = 0;
        for (int k = 0; k < 3; k++)
        {
            if (_x[k] <= (k == 2 ? _leastCurvature : 0) || _hessian[4 * k] <= 0 || (k == 1 && !_withGini))
            {
                held |= 1 << k;
            }
        }

        if (!SolveFace(_hessian, change, zero, held, d))
        {
            return double.NaN;
        }

        double rise = (pole * m.Free + m.FreeX) / _root;
        for (int k = 0; k < 3; k++)
        {
            rise += byRate[k] * d[k] / _x[2];
        }

        return rise / (_scale * Math.Exp(2 * logRatio)) - 1;
    }

    /// <summary>Minimises the dual at the present scale.</summary>
    /// <param name="hopeless">A value of the dual that ends the search: the minimum could not be of interest.</param>
    /// <returns>False where the dual fell below that value.</returns>
    private bool Minimise(double hopeless)
    {
        Converged = false;
        _leastCurvature = 0.02 * _goal * _welfare * (_root / _scale) * (_root / _scale) / _room;
        _x[2] = Math.Max(_x[2], _leastCurvature);
        Evaluate(_x, _gradient);
        double[] trial = new double[3];
        double[] trialGradient = new double[3];
        double[] direction = new double[3];
        double bestDefect = double.PositiveInfinity;
        int stalled = 0;
        for (int step = 0; step < 100 && Iterations < _maxIterations; step++)
        {
            _cancellation.ThrowIfCancellationRequested();
            (double defect, double slack) = Defect();
            if (defect < Tolerance)
            {
                Converged = true;
                return true;
            }

            // Where Newton's method has slowed down, the ground is nearly polyhedral and its corners no wider than rounding.
            stalled = defect < 0.1 * bestDefect ? 0 : stalled + 1;
            bestDefect = Math.Min(bestDefect, defect);
            if (stalled > 0 && slack < 0.02 * _goal && defect <= Math.Max(slack, 1e-10) || stalled > 40)
            {
                return true;
            }

            if (_value < hopeless * (1 - 1e-9))
            {
                return false;
            }

            NewtonDirection(direction);
            double slope = Slope(_gradient, direction);
            if (!(slope < 0))
            {
                return true;
            }

            // The directional derivative of a convex function only rises; find where it has lost half its size.
            double low = 0, lowSlope = slope, high = double.PositiveInfinity, highSlope = 0;
            double length = 1;
            double longest = LongestStep(direction);
            for (int search = 0; search < 40; search++)
            {
                for (int k = 0; k < 3; k++)
                {
                    trial[k] = Math.Max(_x[k] + length * direction[k], k == 2 ? _leastCurvature : 0);
                }

                Evaluate(trial, trialGradient);
                double there = Slope(trialGradient, direction);
                if (Math.Abs(there) <= 0.5 * -slope || Iterations >= _maxIterations)
                {
                    break;
                }

                if (there < 0)
                {
                    (low, lowSlope) = (length, there);
                    if (double.IsInfinity(high))
                    {
                        if (length >= longest || there > 0.9 * slope)
                        {
                            break;
                        }

                        length = Math.Min(4 * length, longest);
                        continue;
                    }
                }
                else
                {
                    (high, highSlope) = (length, there);
                }

                double secant = low + (high - low) * lowSlope / (lowSlope - highSlope);
                double tenth = 0.1 * (high - low);
                length = Math.Clamp(secant, low + tenth, high - tenth);
                if (high - low < 1e-15 * high)
                {
                    break;
                }
            }

            bool moved = false;
            for (int k = 0; k < 3; k++)
            {
                moved |= Math.Abs(trial[k] - _x[k]) > 1e-15 * _x[k];
            }

            (_x, trial) = (trial, _x);
            (_gradient, trialGradient) = (trialGradient, _gradient);
            if (!moved)
            {
                return true;
            }
        }

        return true;
    }

    private double LongestStep(double[] direction)
    {
        double longest = 1e6;
        for (int k = 0; k < 3; k++)
        {
            if (direction[k] < 0)
            {
                longest = Math.Min(longest, (k == 2 ? 0.95 * (_x[2] - _leastCurvature) : _x[k]) / -direction[k]);
            }
        }

        return Math.Max(longest, 1);
    }

    /// <summary>How far the rates are from feasible and from complementary, as fractions.</summary>
    private (double Worst, double Slack) Defect()
    {
        RateMoments m = _lagrangian.Moments;
        double pole = _scale / _root;
        double defect = Math.Max(0, -_gradient[0]) / _problem.Supply;
        defect = Math.Max(defect, Math.Max(0, -_gradient[2]) / (_room * pole * pole));
        double slack = _x[0] * Math.Abs(_gradient[0]);
        if (_x[2] > _leastCurvature || _gradient[2] < 0)
        {
            slack += _x[2] * Math.Abs(_gradient[2]);
        }

        if (_withGini)
        {
            defect = Math.Max(defect, Math.Max(0, -_gradient[1]) / (_problem.Values.Length * pole * Math.Max(_giniRoom, 1e-300)));
            slack += _x[1] * Math.Abs(_gradient[1]);
        }

        slack /= m.Welfare;
        return (Math.Max(defect, slack), slack);
    }

    private void Evaluate(double[] x, double[] gradient)
    {
        Iterations++;
        double pole = _scale / _root;
        if (_withGini)
        {
            _lagrangian.Solve(x[0], x[1] * _bounds.Gini, x[2], pole, x[1]);
        }
        else
        {
            _lagrangian.SolveSeparable(x[0], x[2], pole);
        }

        RateMoments m = _lagrangian.Moments;
        int n = _problem.Values.Length;
        gradient[0] = _problem.Supply - m.Tokens;
        gradient[1] = _withGini ? n * pole * _giniRoom + _bounds.Gini * m.DeviationSum - m.DeviationSpread : 0;
        gradient[2] = (_room * pole * pole - m.DeviationSquares) / 2;
        _value = m.Welfare + x[0] * gradient[0] + x[1] * gradient[1] + x[2] * gradient[2];

        // (1/κ)·Σ e·eᵀ over the free agents, with e = (−v, G − s, −x).
        double g = _bounds.Gini;
        double[] h = _hessian;
        h[0] = m.FreeVV / x[2];
        h[1] = h[3] = _withGini ? -(g * m.FreeV - m.FreeVS) / x[2] : 0;
        h[2] = h[6] = m.FreeVX / x[2];
        h[4] = _withGini ? (g * g * m.Free - 2 * g * m.FreeS + m.FreeSS) / x[2] : 0;
        h[5] = h[7] = _withGini ? -(g * m.FreeX - m.FreeXS) / x[2] : 0;
        h[8] = m.FreeXX / x[2];
    }

    private static double Slope(double[] gradient, double[] direction) =>
        gradient[0] * direction[0] + gradient[1] * direction[1] + gradient[2] * direction[2];

    /// <summary>Minimises the quadratic model over the prices that stay in bounds, by trying every set of bounds that may hold.</summary>
    private void NewtonDirection(double[] direction)
    {
        Span<double> floor = [-_x[0], -_x[1], Math.Max(-0.9 * _x[2], _leastCurvature - _x[2])];
        Span<double> h = stackalloc double[9];
        _hessian.AsSpan().CopyTo(h);
        for (int k = 0; k < 3; k++)
        {
            // No step beyond ten times a price's magnitude on flat ground; a trace of damping elsewhere.
            double size = _x[k] + (k == 2 ? 0 : _unit[k]);
            double flat = Math.Abs(_gradient[k]) / (10 * size);
            h[4 * k] = Math.Max(h[4 * k] * (1 + 1e-13), flat);
            if (h[4 * k] <= 0)
            {
                h[4 * k] = 1;
            }
        }

        Span<double> d = stackalloc double[3];
        double bestValue = double.PositiveInfinity;
        int sets = 8;
        for (int set = 0; set < sets; set++)
        {
            if (!_withGini && (set & 2) == 0)
            {
                continue; // Without a Gini bound its price stays at 0.
            }

            if (!SolveFace(h, _gradient, floor, set, d))
            {
                continue;
            }

            double value = 0;
            bool feasible = true;
            for (int i = 0; i < 3; i++)
            {
                feasible &= d[i] >= floor[i] * (1 + 1e-12) - double.Epsilon;
                value += _gradient[i] * d[i];
                for (int j = 0; j < 3; j++)
                {
                    value += 0.5 * d[i] * h[3 * i + j] * d[j];
                }
            }

            if (feasible && value < bestValue)
            {
                bestValue = value;
                d.CopyTo(direction);
            }
        }

        for (int i = 0; i < 3; i++)
        {
            direction[i] = Math.Max(direction[i], floor[i]);
        }
    }

    /// <summary>Solves the model's equations with the prices in the set held at their floors (Cholesky on the rest).</summary>
    private static bool SolveFace(ReadOnlySpan<double> h, ReadOnlySpan<double> gradient, ReadOnlySpan<double> floor, int set, Span<double> d)
    {
        Span<int> free = stackalloc int[3];
        int count = 0;
        for (int i = 0; i < 3; i++)
        {
            if ((set >> i & 1) == 0)
            {
                free[count++] = i;
            }
            else
            {
                d[i] = floor[i];
            }
        }

        Span<double> l = stackalloc double[9];
        Span<double> y = stackalloc double[3];
        for (int a = 0; a < count; a++)
        {
            int i = free[a];
            double right = -gradient[i];
            for (int j = 0; j < 3; j++)
            {
                if ((set >> j & 1) == 1)
                {
                    right -= h[3 * i + j] * floor[j];
                }
            }

            for (int b = 0; b <= a; b++)
            {
                double sum = h[3 * i + free[b]];
                for (int c = 0; c < b; c++)
                {
                    sum -= l[3 * a + c] * l[3 * b + c];
                }

                if (a == b)
                {
                    sum = Math.Max(sum, 1e-14 * h[4 * i]);
                    if (!(sum > 0))
                    {
                        return false;
                    }

                    l[3 * a + a] = Math.Sqrt(sum);
                }
                else
                {
                    l[3 * a + b] = sum / l[3 * b + b];
                }
            }

            for (int c = 0; c < a; c++)
            {
                right -= l[3 * a + c] * y[c];
            }

            y[a] = right / l[3 * a + a];
        }

        for (int a = count - 1; a >= 0; a--)
        {
            double sum = y[a];
            for (int c = a + 1; c < count; c++)
            {
                sum -= l[3 * c + a] * d[free[c]];
            }

            d[free[a]] = sum / l[3 * a + a];
        }

        return true;
    }
}
