using System.Globalization;

namespace QosValuation.Markets.Models;

/// <summary>
/// The set of sellers whose gain less prices is largest: branch and bound by price per row, each branch bounded by what fractions of the sellers
/// that are left would bring.
/// </summary>
/// <remarks>
/// The bound is exact for divisible sellers: the gain is concave in the data, so that the cheapest per row are bought first until a row adds no more than
/// it costs, where √K/(2·n^1.5) = b/N. Exponential at worst; markets whose sellers are alike in size and price take the most nodes.
/// </remarks>
internal sealed class OptimalStep : IGraphStep
{
    /// <summary>How many branches a search may look at.</summary>
    public const int MostNodes = 4_000_000;

    /// <inheritdoc/>
    public ModelGraphStep Name => ModelGraphStep.Optimal;

    /// <inheritdoc/>
    public int[] Choose(BuyerView view, CancellationToken cancellationToken)
    {
        var search = new Search(view, left: -1, view.Own, cancellationToken);
        search.Run();
        return search.Best();
    }

    /// <summary>
    /// What the best set with the seller is worth, its price left out, less what the best without it is worth.
    /// </summary>
    /// <inheritdoc/>
    public double CriticalPrice(BuyerView view, int[] chosen, int seller, CancellationToken cancellationToken)
    {
        // The set chosen is the best of those with the seller, whatever the seller asks.
        double with = 0;
        double data = 0;
        foreach (int other in chosen)
        {
            data += view.Sizes[other];
            with -= other == seller ? 0 : view.Price(other);
        }

        with += DataGain.Of(view.Scale, view.Own, data);
        var search = new Search(view, seller, view.Own, cancellationToken);
        search.Run();
        return with - search.BestWorth;
    }

    private sealed class Search
    {
        private readonly BuyerView _view;
        private readonly int[] _sellers;
        private readonly double[] _rates;
        private readonly double[] _reaches;
        private readonly bool[] _taken;
        private readonly bool[] _best;
        private readonly double _own;
        private readonly CancellationToken _cancellationToken;
        private long _nodes;

        public Search(BuyerView view, int left, double own, CancellationToken cancellationToken)
        {
            _view = view;
            _own = own;
            _cancellationToken = cancellationToken;

            // Nobody else can be worth its price: not even as the first.
            _sellers = [.. view.Order.Where(j => j != left && DataGain.Of(view.Scale, own, view.Sizes[j]) > view.Price(j))];
            _rates = Array.ConvertAll(_sellers, j => view.Price(j) / view.Sizes[j]);
            Array.Sort(_rates, _sellers);
            _reaches = Array.ConvertAll(_rates, rate => Math.Pow(Math.Sqrt(view.Scale) / 2 / rate, 2.0 / 3) - own);
            _taken = new bool[_sellers.Length];
            _best = new bool[_sellers.Length];
        }

        public double BestWorth { get; private set; }

        public int[] Best() => [.. _sellers.Where((_, k) => _best[k])];

        public void Run() => Visit(0, 0, 0);

        private void Visit(int depth, double data, double prices)
        {
            if (++_nodes % 4096 == 0)
            {
                _cancellationToken.ThrowIfCancellationRequested();
            }

            if (_nodes > MostNodes)
            {
                throw new QosValuationException(
                    Faults.ModelGraphTooLarge,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The best imports among {_sellers.Length} sellers were not found within {MostNodes:N0} branches; choose the graph step Skip."),
                    _sellers.Length);
            }

            double worth = DataGain.Of(_view.Scale, _own, data) - prices;
            if (worth > BestWorth)
            {
                BestWorth = worth;
                _taken.CopyTo(_best, 0);
            }

            if (depth == _sellers.Length || !(Bound(depth, data, prices) > BestWorth))
            {
                return;
            }

            int seller = _sellers[depth];
            _taken[depth] = true;
            Visit(depth + 1, data + _view.Sizes[seller], prices + _view.Price(seller));
            _taken[depth] = false;
            Visit(depth + 1, data, prices);
        }

        // The most that data already bought and fractions of the sellers from here on can be worth.
        private double Bound(int depth, double data, double prices)
        {
            for (int k = depth; k < _sellers.Length; k++)
            {
                double size = _view.Sizes[_sellers[k]];
                if (_reaches[k] <= data)
                {
                    break;
                }

                double part = Math.Min(size, _reaches[k] - data);
                data += part;
                prices += part * _rates[k];
                if (part < size)
                {
                    break;
                }
            }

            // Rounding must not cut the best branch off.
            double bound = DataGain.Of(_view.Scale, _own, data) - prices;
            return bound + (1e-12 * Math.Abs(bound));
        }
    }
}
