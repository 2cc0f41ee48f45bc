namespace QosValuation.Markets.Auctions;

/// <summary>
/// The deterministic auction of Chen, Gravin and Lu (SODA 2011) for values that add up: i* is the most valuable offer with c ≤ B; where
/// (1 + √2)·v(i*) is at least the fractional optimum of the others, i* alone wins and is paid B, else proportional share decides. O(n log n).
/// </summary>
/// <remarks>
/// The branch depends on the reports of all but i*: raising its report, a winner lowers the fractional optimum until i* wins alone. So
/// every other winner is paid the smaller of the proportional share and t_branch, the supremum of its reports that keep the branch.
/// </remarks>
internal sealed class ConstantRatioAuction : IDataAuction
{
    /// <inheritdoc/>
    public AuctionMechanism Name => AuctionMechanism.ConstantRatio;

    /// <inheritdoc/>
    public bool IsTruthful => true;

    /// <inheritdoc/>
    public bool KeepsBudget => true;

    /// <inheritdoc/>
    public void Run(in AuctionRequest request, AuctionOutcome outcome) => Run(request, outcome, isNaive: false);

    /// <summary>Runs the auction.</summary>
    /// <param name="request">The offers.</param>
    /// <param name="outcome">Receives the outcome.</param>
    /// <param name="isNaive">Whether winners are paid the proportional share even where the branch binds, which is not truthful.</param>
    internal static void Run(in AuctionRequest request, AuctionOutcome outcome, bool isNaive)
    {
        int best = -1;
        for (int i = 0; i < request.Costs.Length; i++)
        {
            if (request.Costs[i] <= request.Budget && request.Values[i] > 0 && (best < 0 || request.Values[i] > request.Values[best]))
            {
                best = i;
            }
        }

        var order = new DensityOrder(request.Costs, request.Values, request.Budget);
        if (best < 0)
        {
            ProportionalShareAuction.Run(request, order, outcome);
            return;
        }

        var others = new FractionalMarket(request, order, best);
        double target = (1 + Math.Sqrt(2)) * request.Values[best];
        if (target >= others.Optimum(request.Budget))
        {
            ProportionalShareAuction.MarkTooDear(request, outcome);
            outcome.Order = order.Offers;
            foreach (int offer in order.Offers)
            {
                outcome.Reasons[offer] = offer == best ? AwardReason.Won : AwardReason.Blocked;
            }

            outcome.Payments[best] = request.Budget;
            return;
        }

        int winners = ProportionalShareAuction.Run(request, order, outcome);
        double[] critical = outcome.Payments;
        if (isNaive)
        {
            critical = new double[outcome.Payments.Length];
            outcome.CriticalCosts = critical;
        }

        bool isUniform = true;
        for (int k = 0; k < winners; k++)
        {
            int offer = order.Offers[k];
            double payment = outcome.Payments[offer];
            if (offer != best)
            {
                payment = Math.Max(Math.Min(payment, others.BranchThreshold(offer, request, target)), request.Costs[offer]);
            }

            isUniform &= payment == outcome.Payments[offer];
            critical[offer] = payment;
        }

        if (!isUniform && !isNaive)
        {
            outcome.UnitPrice = double.NaN;
        }
    }

    /// <summary>The fractional knapsack of all eligible offers but i*, by ascending ψ.</summary>
    private readonly struct FractionalMarket
    {
        private readonly int[] _position;
        private readonly double[] _densities;
        private readonly double[] _money;
        private readonly double[] _value;

        public FractionalMarket(in AuctionRequest request, DensityOrder order, int best)
        {
            int count = order.Count - 1;
            _position = new int[request.Costs.Length];
            _densities = new double[count];
            double[] costs = new double[count];
            double[] values = new double[count];
            int next = 0;
            for (int k = 0; k < order.Count; k++)
            {
                int offer = order.Offers[k];
                if (offer != best)
                {
                    _position[offer] = next;
                    _densities[next] = order.Densities[k];
                    costs[next] = request.Costs[offer];
                    values[next++] = request.Values[offer];
                }
            }

            _money = DensityOrder.RunningSums(costs);
            _value = DensityOrder.RunningSums(values);
        }

        /// <summary>The most fractional value for so much money. O(log n).</summary>
        public double Optimum(double budget)
        {
            // The first item that does not fit whole.
            int low = 0;
            int high = _densities.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                (low, high) = _money[middle + 1] <= budget ? (middle + 1, high) : (low, middle);
            }

            return low == _densities.Length ? _value[low] : _value[low] + ((budget - _money[low]) / _densities[low]);
        }

        /// <summary>
        /// sup{t : the optimum with the offer's report t exceeds the target}: max over f in (0, 1] of h(f) = (B − G⁻¹(T − f·v))/f, where G⁻¹(y) is the
        /// least money that buys the value y from the others. h rises on a segment of G⁻¹ where the segment's line, carried on to y = T,
        /// costs more than B; that changes once, so the segment is found by bisection. O(log n).
        /// </summary>
        public double BranchThreshold(int offer, in AuctionRequest request, double target)
        {
            int own = _position[offer];
            double cost = request.Costs[offer];
            double value = request.Values[offer];
            int count = _densities.Length - 1;
            double budget = request.Budget;
            (double Money, double Value) Sum(int k, FractionalMarket market) =>
                k <= own ? (market._money[k], market._value[k]) : (market._money[k + 1] - cost, market._value[k + 1] - value);
            double Density(int k, FractionalMarket market) => market._densities[k < own ? k : k + 1];

            FractionalMarket self = this;
            int low = 0;
            int high = count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                (double money, double bought) = Sum(middle, self);
                bool isRising = budget - money - (Density(middle, self) * (target - bought)) < 0;
                (low, high) = isRising ? (low, middle) : (middle + 1, high);
            }

            // Everything from this cumulative value on is better left to the offer itself.
            double least = Math.Max(target - value, Sum(low, self).Value);
            if (least >= target)
            {
                return budget;
            }

            least = Math.Max(least, 0);
            double spent = LeastMoney(least, count, self, Sum, Density);
            double fraction = (target - least) / value;
            return Math.Min(budget, (budget - spent) / fraction);
        }

        private static double LeastMoney(
            double wanted,
            int count,
            FractionalMarket market,
            Func<int, FractionalMarket, (double Money, double Value)> sum,
            Func<int, FractionalMarket, double> density)
        {
            int low = 0;
            int high = count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                (low, high) = sum(middle + 1, market).Value < wanted ? (middle + 1, high) : (low, middle);
            }

            (double money, double value) = sum(low, market);
            return wanted <= value ? money : low == count ? double.PositiveInfinity : money + (density(low, market) * (wanted - value));
        }
    }
}
