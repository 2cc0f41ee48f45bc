namespace QosValuation.Markets.Models;

/// <summary>
/// One way to price an import. An instance holds no state and is thread-safe. To add one, add its name to <see cref="ModelPayment"/>, its
/// class to this folder and one line to <see cref="ModelPayments"/>.
/// </summary>
public interface IModelPayment
{
    /// <summary>The name under which users ask for it.</summary>
    ModelPayment Name { get; }

    /// <summary>Whether no client gains by a false cost, whatever the others report.</summary>
    bool IsTruthful { get; }

    /// <summary>What a buyer pays for the import of a seller's model.</summary>
    /// <param name="view">The market as the buyer sees it.</param>
    /// <param name="step">How the buyer chose.</param>
    /// <param name="chosen">Whom it chose.</param>
    /// <param name="seller">One of them.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The payment, in the unit of costs.</returns>
    double Price(BuyerView view, IGraphStep step, int[] chosen, int seller, CancellationToken cancellationToken);
}
