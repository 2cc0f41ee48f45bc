namespace QosValuation.Markets.Models;

/// <summary>Purchases in the order of falling thresholds: what <see cref="ThresholdStep"/> and <see cref="SkipStep"/> share.</summary>
internal static class ThresholdOrder
{
    /// <summary>Buys from each seller whose threshold is above the data in reach, its own included. O(n) in the order.</summary>
    /// <param name="view">The market as the buyer sees it.</param>
    /// <param name="goesOn">Whether a seller that is passed over does not end the search.</param>
    /// <returns>The sellers bought from, in that order.</returns>
    public static int[] Choose(BuyerView view, bool goesOn)
    {
        var chosen = new List<int>();
        double held = view.Own;
        foreach (int seller in view.Order)
        {
            if (held + view.Sizes[seller] < view.Thresholds[seller])
            {
                chosen.Add(seller);
                held += view.Sizes[seller];
            }
            else if (!goesOn)
            {
                break;
            }
        }

        return [.. chosen];
    }

    /// <summary>The supremum of the prices at which a seller is bought from. O(n).</summary>
    /// <remarks>
    /// With the seller removed, let n_k be the data held before the k-th of the others. Standing before that one, the seller is bought from where its
    /// threshold is above n_k + N_j and not below x_k: so its least threshold is x′ = min_k max(x_k, n_k + N_j), over all places that the
    /// search reaches, and the price is the marginal gain there (markets.md, section 7). Places before its own need not be looked at: they
    /// ask more than the threshold that it has. The first term falls along the order, the second rises; where they cross the search ends.
    /// </remarks>
    public static double CriticalPrice(BuyerView view, int seller, bool goesOn)
    {
        int[] order = view.Order;
        double size = view.Sizes[seller];
        double held = view.Own;
        int place = 0;
        for (; order[place] != seller; place++)
        {
            // Who stands before a chosen seller was chosen, or passed over.
            double with = held + view.Sizes[order[place]];
            held = with < view.Thresholds[order[place]] ? with : held;
        }

        double least = double.PositiveInfinity;
        for (place++; ; place++)
        {
            double threshold = place < order.Length ? view.Thresholds[order[place]] : 0;
            least = Math.Min(least, Math.Max(threshold, held + size));
            if (held + size >= threshold)
            {
                break;
            }

            double with = held + view.Sizes[order[place]];
            bool isBought = with < threshold;
            if (!isBought && !goesOn)
            {
                break;
            }

            held = isBought ? with : held;
        }

        return DataGain.Of(view.Scale, least - size, size);
    }
}
