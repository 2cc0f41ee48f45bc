using System.Globalization;
using QosValuation.Allocation.Fairness;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Optimal;

/// <summary>One set of agents and one supply, solved for any number of fairness bounds; later calls start from earlier prices.</summary>
internal sealed class OptimalAllocationSolver
{
    /// <summary>Bounds this close to the extreme that is attainable are taken to be the extreme.</summary>
    private const double Rounding = 1e-15;

    /// <summary>A bound beyond the extreme by more than this is infeasible.</summary>
    private const double Tolerance = 1e-12;

    /// <summary>The most that an allocation may be moved to make up for the rounding of its tokens.</summary>
    private const double LargestLean = 1e-9;

    private readonly int _total;
    private readonly int[] _order = [];
    private readonly double[] _rooms = [];
    private readonly double[] _values = [];
    private readonly double _valueUnit;
    private readonly double _tokenUnit;
    private readonly double _supply;
    private readonly RateProblem? _problem;
    private RatePrices _jainPrices;
    private RatePrices _giniPrices;
    private RatePrices _jointPrices;

    /// <summary>Sorts the agents. O(N log N).</summary>
    /// <param name="values">v ≥ 0, finite.</param>
    /// <param name="rooms">B − R ≥ 0, finite.</param>
    /// <param name="supply">V ≥ 0, finite.</param>
    public OptimalAllocationSolver(ReadOnlySpan<double> values, ReadOnlySpan<double> rooms, double supply)
    {
        int n = values.Length;
        _total = n;
        _supply = supply;
        int active = 0;
        for (int i = 0; i < n; i++)
        {
            if (values[i] > 0 && rooms[i] > 0)
            {
                active++;
            }
        }

        if (active == 0 || supply == 0)
        {
            return;
        }

        _order = new int[active];
        _values = new double[active];
        _rooms = new double[active];
        var keys = new (double Value, double Room)[active];
        int next = 0;
        for (int i = 0; i < n; i++)
        {
            if (values[i] > 0 && rooms[i] > 0)
            {
                _order[next] = i;
                keys[next++] = (values[i], rooms[i]);
            }
        }

        // All sums below run in this order, so that they do not depend on the agents' own.
        Array.Sort(keys, _order);
        double highest = keys[^1].Value;
        double mean = 0;
        double roomSum = 0;
        for (int k = 0; k < active; k++)
        {
            (_values[k], _rooms[k]) = keys[k];
            mean += _values[k] / highest / active;
            roomSum += _rooms[k];
        }

        // A supply beyond all buckets together is as good as any other: at most twice them. No room beyond the supply matters.
        _valueUnit = highest * mean;
        _tokenUnit = Math.Min(supply, roomSum) / active;
        double scaledSupply = supply < roomSum ? active : active * Math.Min(supply / roomSum, 2);
        double[] scaledValues = new double[active];
        double[] scaledRooms = new double[active];
        for (int k = 0; k < active; k++)
        {
            scaledValues[k] = Math.Max(_values[k] / highest / mean, double.Epsilon);
            scaledRooms[k] = Math.Clamp(_rooms[k] / _tokenUnit, double.Epsilon, scaledSupply);
        }

        _problem = new RateProblem(scaledValues, scaledRooms, n - active, scaledSupply);
    }

    /// <summary>The largest J that any allocation but none at all can have; 1 where nothing can be allocated.</summary>
    public double HighestJain => _problem is null ? 1 : (double)_problem.Values.Length / _total;

    /// <summary>The least G that any allocation but none at all can have; 0 where nothing can be allocated.</summary>
    public double LowestGini => _problem is null ? 0 : (double)_problem.Absentees / _total;

    /// <summary>Solves for one pair of bounds.</summary>
    /// <param name="options">The bounds, and how closely to solve.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The allocation and the proof of its quality.</returns>
    public OptimalAllocation Solve(OptimalAllocationOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (_problem is null)
        {
            return Nothing();
        }

        CheckAttainable(options);
        double trivialJain = 1.0 / _total;
        var bounds = new FairnessBounds(Math.Max(options.JainFloor ?? 0, trivialJain), options.GiniCeiling ?? 1);
        var search = new Search(this, _problem, bounds, options, false, cancellationToken);
        return search.Run();
    }

    /// <summary>
    /// Moves rates that violate a bound by rounding just inside, towards fairer rates; then down to the supply, which leaves
    /// fairness as it is.
    /// </summary>
    private static double[] Repair(RateProblem problem, FairnessBounds bounds, ReadOnlySpan<double> rates, double[] fairer)
    {
        double[] result = rates.ToArray();
        double share = 0;
        while (true)
        {
            for (int i = 0; i < result.Length; i++)
            {
                result[i] = Math.Min(rates[i] + share * (fairer[i] - rates[i]), problem.Caps[i]);
            }

            double missing = Math.Max(bounds.Jain - problem.Jain(result), 0);
            double excess = bounds.Gini < 1 ? Math.Max(problem.Gini(result) - bounds.Gini, 0) : 0;
            if ((missing == 0 && excess == 0) || share == 1)
            {
                break;
            }

            if (share == 0)
            {
                double spare = missing > 0 ? problem.Jain(fairer) - bounds.Jain : 1;
                double reserve = excess > 0 ? bounds.Gini - problem.Gini(fairer) : 1;
                share = Math.Max(missing / (missing + Math.Max(spare, 0)), excess / (excess + Math.Max(reserve, 0)));
                share = Math.Max(0.55 * share, 1e-15);
            }

            share = Math.Min(1, 2 * share);
        }

        double tokens = problem.Tokens(result);
        if (tokens > problem.Supply)
        {
            double factor = problem.Supply / tokens;
            for (int i = 0; i < result.Length; i++)
            {
                result[i] *= factor;
            }
        }

        return result;
    }

    /// <summary>
    /// Lowers enormous caps to a level above which at most a negligible part of the welfare lies, so that the search works
    /// with rates of comparable size. The certificate is taken with the caps as they were.
    /// </summary>
    private static RateProblem Clip(RateProblem problem, double welfare)
    {
        double tail = 0;
        double level = problem.Ladder.Highest;
        for (int k = problem.ByCap.Length - 1; k >= 0; k--)
        {
            int i = problem.ByCap[k];
            level = problem.Caps[i];
            tail += problem.Values[i] * problem.Rooms[i];
            if (tail > 1e-9 * welfare)
            {
                break;
            }
        }

        return problem.Below(level);
    }

    /// <summary>The optimum of (14), without fairness bounds: fill by descending value; agents of the marginal value share level by level.</summary>
    private static (double[] Rates, double Price) Knapsack(RateProblem problem)
    {
        int n = problem.Values.Length;
        double[] rates = new double[n];
        double left = problem.Supply;
        for (int end = n; end > 0;)
        {
            double value = problem.Values[end - 1];
            int first = end - 1;
            double need = problem.Rooms[end - 1];
            while (first > 0 && problem.Values[first - 1] == value)
            {
                need += problem.Rooms[--first];
            }

            if (need > left)
            {
                // Rooms ascend within a value, so the level rises past them one by one.
                for (int i = first; i < end; i++)
                {
                    double tokens = Math.Min(problem.Rooms[i], left / (end - i));
                    rates[i] = Math.Min(tokens / value, problem.Caps[i]);
                    left -= tokens;
                }

                return (rates, value);
            }

            for (int i = first; i < end; i++)
            {
                rates[i] = problem.Caps[i];
            }

            left -= need;
            end = first;
        }

        return (rates, 0);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void CheckAttainable(OptimalAllocationOptions options)
    {
        double most = HighestJain;
        double least = LowestGini;
        string who = Text($"{_total - _order.Length} of {_total} agents can receive nothing (their bucket is full or their value is 0)");
        if (options.JainFloor is double jain && jain > most + Tolerance)
        {
            throw new QosValuationException(
                Faults.JainFloorInfeasible,
                Text($"A Jain floor of {jain} cannot be met: {who}, so Jain's index is at most {most:0.######}, short by {jain - most:0.######}. Lower the ")
                    + Text($"floor to {most:0.######}, or leave those agents out."),
                jain);
        }

        if (options.GiniCeiling is double gini && gini < least - Tolerance)
        {
            throw new QosValuationException(
                Faults.GiniCeilingInfeasible,
                Text($"A Gini ceiling of {gini} cannot be met: {who}, so the Gini coefficient is at least {least:0.######}, over by {least - gini:0.######}. ")
                    + Text($"Raise the ceiling to {least:0.######}, or leave those agents out."),
                gini);
        }
    }

    private OptimalAllocation Nothing() => new()
    {
        Tokens = new double[_total],
        Proof = new OptimalityProof
        {
            SocialWelfare = 0,
            DualBound = 0,
            RelativeGap = 0,
            Jain = FairnessMeasures.Jain(new double[_total]),
            Gini = FairnessMeasures.Gini(new double[_total]),
            Iterations = 0,
            SupplyPrice = 0,
            JainMultiplier = 0,
            GiniMultiplier = 0,
        },
    };

    /// <summary>One pair of bounds on its way to a solution: the best allocation and the least bound so far.</summary>
    private sealed class Search
    {
        private readonly OptimalAllocationSolver _owner;
        private readonly FairnessBounds _bounds;
        private readonly OptimalAllocationOptions _options;
        private readonly CancellationToken _cancellation;
        private readonly bool _isTightened;
        private readonly bool _boundsJain;
        private readonly bool _boundsGini;

        private RateProblem _problem;
        private RateProblem _clipped;
        private RateLagrangian? _lagrangian;
        private double[] _scores = [];
        private double[] _fairer = [];
        private int _iterations;
        private double[] _rates;
        private double _welfare;
        private double _bound = double.PositiveInfinity;
        private double _searchBound = double.PositiveInfinity;
        private bool _isFair;
        private RatePrices _prices;
        private double _jainMultiplier;

        public Search(
            OptimalAllocationSolver owner,
            RateProblem problem,
            FairnessBounds bounds,
            OptimalAllocationOptions options,
            bool isTightened,
            CancellationToken cancellationToken)
        {
            _isTightened = isTightened;
            _owner = owner;
            _problem = _clipped = problem;
            _bounds = bounds;
            _options = options;
            _cancellation = cancellationToken;
            _boundsJain = bounds.Jain > 1.0 / problem.Total;
            _boundsGini = bounds.Gini < 1;
            _rates = new double[problem.Values.Length];
        }

        private double Gap => _welfare > 0 ? (_bound - _welfare) / _bound : double.PositiveInfinity;

        /// <summary>What the search itself aims at: a little less, as rounding to tokens comes after it.</summary>
        private double Goal => 0.9 * _options.RelativeGap;

        public OptimalAllocation Run()
        {
            (double[] filled, double price) = Knapsack(_problem);
            var prices = new RatePrices(price, 0, 0);
            _bound = DualCertificate.Fill(_problem, price);
            _prices = prices;
            bool jainHolds = !_boundsJain || _problem.Jain(filled) >= _bounds.Jain;
            bool giniHolds = !_boundsGini || _problem.Gini(filled) <= _bounds.Gini;
            if (jainHolds && giniHolds)
            {
                Offer(filled);
                return Result();
            }

            double most = _owner.HighestJain;
            double least = _owner.LowestGini;
            if (_bounds.Jain >= most * (1 - Rounding) || _bounds.Gini <= least + Rounding)
            {
                return EqualRates();
            }

            _problem = _problem.Below(_problem.Ladder.HighestRate(_bounds));
            CapLadder ladder = _problem.Ladder;
            _clipped = Clip(_problem, _problem.Welfare(ladder.Rates(ladder.HighestWithin(_problem.Supply, _bounds.Jain, _bounds.Gini))));
            ladder = _clipped.Ladder;
            double level = ladder.HighestWithin(_clipped.Supply, _bounds.Jain, _bounds.Gini);

            // Every search starts well inside the fairness bounds and the supply.
            double jain = _bounds.Jain + 0.5 * (most - _bounds.Jain);
            double gini = _bounds.Gini + 0.5 * (least - _bounds.Gini);
            double start = Math.Min(0.9 * level, ladder.HighestWithin(_clipped.Supply, jain, gini));
            _fairer = ladder.Rates(start);

            Offer(ladder.Rates(level));
            if (Gap <= Goal)
            {
                return Result();
            }

            _scores = new double[_rates.Length];
            _lagrangian = new RateLagrangian(_clipped.Values, _clipped.Caps, _clipped.Absentees);

            if (!jainHolds)
            {
                _owner._jainPrices = prices = SearchCurved(false, _owner._jainPrices.Curvature > 0 ? _owner._jainPrices : prices);
                if (!_boundsGini || (_isFair && Gap <= Goal))
                {
                    return Result();
                }
            }

            if (_boundsGini)
            {
                RatePrices linear = _owner._giniPrices = SearchLinear(start, _owner._giniPrices);
                if (!_boundsJain || (_isFair && Gap <= Goal))
                {
                    return Result();
                }

                prices = new RatePrices((prices.Supply + linear.Supply) / 2, prices.Curvature, linear.Gini / 2);
            }

            _owner._jointPrices = SearchCurved(true, _owner._jointPrices.Curvature > 0 ? _owner._jointPrices : prices);
            return Result();
        }

        /// <summary>Jain's bound, and the Gini bound where asked for.</summary>
        private RatePrices SearchCurved(bool withGini, RatePrices from)
        {
            _searchBound = double.PositiveInfinity;
            RateLagrangian lagrangian = _lagrangian!;
            var search = new CurvedPriceSearch(
                _clipped, _bounds, lagrangian, withGini, Goal, Math.Max(_options.MaxIterations - _iterations, 1), _cancellation);
            var kept = withGini ? _bounds : _bounds with { Gini = 1 };
            search.Run(_fairer, from, () =>
            {
                if (withGini)
                {
                    lagrangian.Solve(
                        search.Prices.Supply, search.Prices.Gini * _bounds.Gini, search.Prices.Curvature, search.Pole, search.Prices.Gini, _scores);
                }

                Bound(search.Prices);
                double[] repaired = Repair(_problem, kept, lagrangian.Rates, _fairer);
                double welfare = _problem.Welfare(repaired);
                _isFair = withGini || !_boundsGini || _problem.Gini(repaired) <= _bounds.Gini;
                if (!_isFair)
                {
                    // Until the Gini bound takes part, the gap is that of the problem without it.
                    return Finished(welfare, search.Prices);
                }

                Offer(repaired);
                return Finished(_welfare, search.Prices);
            });
            _iterations += search.Iterations;
            return search.Prices;
        }

        private bool Finished(double welfare, RatePrices prices)
        {
            if ((_bound - welfare) / _bound > Goal && prices.Gini == 0)
            {
                // Where Jain's bound is not active after all, its price had better be nothing than nearly so.
                Bound(prices with { Curvature = 0 });
            }

            return (_bound - welfare) / _bound <= 0.1 * Goal;
        }

        /// <summary>The Gini bound alone.</summary>
        private RatePrices SearchLinear(double start, RatePrices guess)
        {
            _searchBound = double.PositiveInfinity;
            RateLagrangian lagrangian = _lagrangian!;
            var columns = new GiniColumnGeneration(_clipped, lagrangian);
            int limit = Math.Max(_options.MaxIterations - _iterations, 1);
            double[] mixed = columns.Run(_bounds.Gini, guess, start, 0.01 * Goal, limit, _cancellation);
            _iterations += columns.Iterations;
            RatePrices prices = columns.Prices;
            lagrangian.Solve(prices.Supply, prices.Gini * _bounds.Gini, 0, 0, prices.Gini, _scores);
            Bound(prices);
            double[] repaired = Repair(_problem, _bounds with { Jain = 1.0 / _problem.Total }, mixed, _fairer);
            _isFair = !_boundsJain || _problem.Jain(repaired) >= _bounds.Jain;
            if (_isFair)
            {
                Offer(repaired);
            }

            return prices;
        }

        /// <summary>Where only equal rates are fair enough: as high as the supply and the smallest bucket allow.</summary>
        private OptimalAllocation EqualRates()
        {
            double valueSum = 0;
            double squareSum = 0;
            foreach (double value in _problem.Values)
            {
                valueSum += value;
                squareSum += value * value;
            }

            double spending = _problem.Supply / valueSum;
            double cap = _problem.Caps[_problem.ByCap[0]];
            double[] rates = new double[_rates.Length];
            Array.Fill(rates, Math.Min(spending, cap));
            Offer(rates);
            _bound = _welfare * (1 + DualCertificate.Rounding);
            _prices = new RatePrices(spending < cap ? squareSum / valueSum : 0, 0, 0);
            return Result();
        }

        private void Offer(double[] rates)
        {
            double welfare = _problem.Welfare(rates);
            if (welfare > _welfare)
            {
                (_rates, _welfare) = (rates, welfare);
            }
        }

        private void Bound(RatePrices prices)
        {
            var (bound, multiplier) = DualCertificate.Evaluate(_problem, _clipped, _bounds, prices, _lagrangian!, _scores);
            _bound = Math.Min(_bound, bound);
            if (bound < _searchBound)
            {
                // The prices of the last search are the multipliers of the solution, also where an earlier bound is as good.
                (_searchBound, _prices, _jainMultiplier) = (bound, prices, multiplier);
            }
        }

        /// <summary>Back to the caller's units and order.</summary>
        private OptimalAllocation Result()
        {
            RateProblem problem = _owner._problem!;
            double[] tokens = new double[_owner._total];
            double[] rates = new double[_rates.Length];
            (double jain, double gini) = ToTokens(_rates, tokens, rates);

            if (jain < _bounds.Jain || gini > _bounds.Gini)
            {
                (tokens, jain, gini) = MakeUpForRounding(tokens, rates, jain, gini);
            }

            CompensatedSum scaledSum = default;
            CompensatedSum welfareSum = default;
            for (int k = 0; k < _rates.Length; k++)
            {
                double u = tokens[_owner._order[k]];
                welfareSum.Add(_owner._values[k] * u);
                scaledSum.Add(problem.Values[k] * (u / _owner._tokenUnit));
            }

            double scaled = scaledSum.Value;
            double welfare = welfareSum.Value;
            double gap = _bound > 0 ? Math.Max((_bound - scaled) / _bound, 0) : 0;
            double rateUnit = _owner._valueUnit * _owner._valueUnit;
            return new OptimalAllocation
            {
                Tokens = tokens,
                Proof = new OptimalityProof
                {
                    SocialWelfare = welfare,
                    DualBound = Math.Max(_bound * _owner._valueUnit * _owner._tokenUnit, welfare),
                    RelativeGap = gap,
                    Jain = jain,
                    Gini = gini,
                    Iterations = _iterations,
                    SupplyPrice = _prices.Supply * _owner._valueUnit,
                    JainMultiplier = _jainMultiplier * rateUnit,
                    GiniMultiplier = _prices.Gini * rateUnit,
                },
            };
        }

        /// <summary>
        /// Rounding to tokens may break a bound in its last digits: then the allocation leans a little to the fair side. Where
        /// values are subnormal it is coarser than that: then somewhat tighter bounds are solved for, by as much as is missing.
        /// </summary>
        private (double[] Tokens, double Jain, double Gini) MakeUpForRounding(double[] tokens, double[] rates, double jain, double gini)
        {
            if (_fairer.Length == 0)
            {
                return (tokens, jain, gini); // Equal rates: there is nothing fairer.
            }

            double[] mixed = new double[_rates.Length];
            double[] mixedTokens = new double[tokens.Length];
            for (double share = 1e-15; share < LargestLean; share *= 2)
            {
                for (int i = 0; i < mixed.Length; i++)
                {
                    mixed[i] = _rates[i] + share * (_fairer[i] - _rates[i]);
                }

                var (mixedJain, mixedGini) = ToTokens(mixed, mixedTokens, rates);
                if (mixedJain >= _bounds.Jain && mixedGini <= _bounds.Gini)
                {
                    return (mixedTokens, mixedJain, mixedGini);
                }
            }

            double missing = Math.Max(_bounds.Jain - jain, 0);
            double excess = Math.Max(gini - _bounds.Gini, 0);
            for (double factor = 1.5; factor < 100 && !_isTightened; factor *= 2)
            {
                var tighter = new FairnessBounds(_bounds.Jain + factor * missing, _bounds.Gini - factor * excess);
                if (tighter.Jain >= _owner.HighestJain || tighter.Gini <= _owner.LowestGini)
                {
                    break;
                }

                OptimalAllocation result = new Search(_owner, _owner._problem!, tighter, _options, true, _cancellation).Run();
                _iterations += result.Iterations;
                if (result.Jain >= _bounds.Jain && result.Gini <= _bounds.Gini)
                {
                    return (result.Tokens, result.Jain, result.Gini);
                }
            }

            return (tokens, jain, gini);
        }

        /// <summary>Tokens for rates; agents alike in value and room receive the mean of theirs.</summary>
        private (double Jain, double Gini) ToTokens(double[] from, double[] tokens, double[] rates)
        {
            RateProblem problem = _owner._problem!;
            int n = from.Length;
            double[] values = _owner._values;
            double[] rooms = _owner._rooms;
            CompensatedSum spentSum = default;
            for (int first = 0; first < n;)
            {
                int end = first + 1;
                double sum = from[first];
                while (end < n && values[end] == values[first] && rooms[end] == rooms[first])
                {
                    sum += from[end++];
                }

                double u = Math.Min(sum / (end - first) * problem.Values[first] * _owner._tokenUnit, rooms[first]);
                for (int k = first; k < end; k++)
                {
                    tokens[_owner._order[k]] = u;
                    spentSum.Add(u);
                }

                first = end;
            }

            double spent = spentSum.Value;
            double factor = spent > _owner._supply ? _owner._supply / spent * (1 - 4e-16) : 1;
            for (int k = 0; k < n; k++)
            {
                ref double u = ref tokens[_owner._order[k]];
                u *= factor;
                rates[k] = FairnessMeasures.RewardRate(u, values[k]);
            }

            return (problem.Jain(rates), problem.Gini(rates));
        }
    }
}
