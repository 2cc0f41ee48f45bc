namespace QosValuation.Markets.Models;

/// <summary>
/// One way to decide whose models a buyer imports. An instance holds no state and is thread-safe. To add one, add its name to
/// <see cref="ModelGraphStep"/>, its class to this folder and one line to <see cref="GraphSteps"/>.
/// </summary>
public interface IGraphStep
{
    /// <summary>The name under which users ask for it.</summary>
    ModelGraphStep Name { get; }

    /// <summary>Decides whose models a buyer imports.</summary>
    /// <param name="view">The market as the buyer sees it; its gain scale is above 0.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The sellers, each once, in the order of their purchase.</returns>
    /// <exception cref="QosValuationException"><c>ModelGraphTooLarge</c> where the search is too long.</exception>
    int[] Choose(BuyerView view, CancellationToken cancellationToken);

    /// <summary>
    /// The supremum of the prices b at which a seller would still be chosen, all others alike. The choice must be monotone: who is chosen is chosen at
    /// any lower price.
    /// </summary>
    /// <param name="view">The market as the buyer sees it.</param>
    /// <param name="chosen">What <see cref="Choose"/> returned.</param>
    /// <param name="seller">One of them.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>At least the seller's own price.</returns>
    double CriticalPrice(BuyerView view, int[] chosen, int seller, CancellationToken cancellationToken);
}
