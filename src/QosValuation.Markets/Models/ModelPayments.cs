namespace QosValuation.Markets.Models;

/// <summary>The registry of payments.</summary>
public static class ModelPayments
{
    // In the order of the enum.
    private static readonly IModelPayment[] Registered = [new MarginalPayment(), new CriticalPayment()];

    /// <summary>All payments, in the order of <see cref="ModelPayment"/>.</summary>
    public static IReadOnlyList<IModelPayment> All => Registered;

    /// <summary>Finds a payment. O(1).</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The payment.</returns>
    /// <exception cref="QosValuationException"><c>ModelMarketOptionNotValid</c> for a number that is none.</exception>
    public static IModelPayment Find(ModelPayment name) => (uint)name < (uint)Registered.Length
        ? Registered[(int)name]
        : throw new QosValuationException(Faults.ModelMarketOptionNotValid, $"The payment {name} is not known.", name);
}
