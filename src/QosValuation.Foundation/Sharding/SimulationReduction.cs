using System.Text.Json;
using System.Text.Json.Serialization;

namespace QosValuation.Foundation.Sharding;

/// <summary>How a kind of simulation makes a row of the numbers of its rounds: the same for a whole run and for joined shards.</summary>
public abstract class SimulationReduction
{
    private static readonly JsonSerializerOptions Telling = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>The type of the rows.</summary>
    public abstract Type Row { get; }

    /// <summary>How many numbers a round has, at least 1.</summary>
    public abstract int Width { get; }

    /// <summary>Whether the numbers of a round can be such.</summary>
    /// <param name="round"><see cref="Width"/> numbers.</param>
    /// <returns>False where no round gives them.</returns>
    public abstract bool IsValid(ReadOnlySpan<double> round);

    /// <summary>Makes a row. O(numbers), but for quantiles.</summary>
    /// <param name="row">A row of the same place; its figures do not matter.</param>
    /// <param name="values">The numbers, round by round in the order of the rounds; may be empty.</param>
    /// <returns>The row of these rounds.</returns>
    public abstract object Reduce(object row, double[] values);

    /// <summary>Tells a row as a JSON object, every bit of its numbers.</summary>
    /// <param name="row">The row.</param>
    /// <returns>What <see cref="TryRead"/> reads.</returns>
    internal string Tell(object row) => JsonSerializer.Serialize(row, Row, Telling);

    /// <summary>Reads what <see cref="Tell"/> told.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The row; null where the text tells no such row.</returns>
    internal object? TryRead(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, Row, Telling);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>How a kind of simulation makes a row of the numbers of its rounds.</summary>
/// <typeparam name="TRow">The type of the rows.</typeparam>
public abstract class SimulationReduction<TRow> : SimulationReduction
    where TRow : class
{
    /// <inheritdoc/>
    public sealed override Type Row => typeof(TRow);

    /// <inheritdoc/>
    public sealed override object Reduce(object row, double[] values)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(values);
        return Reduce((TRow)row, values);
    }

    /// <summary>Makes a row.</summary>
    /// <param name="row">A row of the same place; its figures do not matter.</param>
    /// <param name="values">The numbers, round by round; may be empty.</param>
    /// <returns>The row of these rounds.</returns>
    protected abstract TRow Reduce(TRow row, double[] values);
}
