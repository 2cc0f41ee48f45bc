using System.Collections;
using System.Management.Automation;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Reads the fields of offers, so that a field that cannot be used is named with its row and what it holds.</summary>
internal static class OfferFields
{
    private const string Advice = "give a number, as text such as 2.5 with nothing between thousands";

    /// <summary>Reads a number.</summary>
    /// <param name="row">The row in the input, from 1.</param>
    /// <param name="contributor">The provider's name.</param>
    /// <param name="field">The field.</param>
    /// <param name="raw">What it holds: a number, or text as <see cref="RecordProperties.TryRead"/> reads it.</param>
    /// <param name="whenEmpty">What an absent or empty field means; null where a number is needed.</param>
    /// <returns>The number; it may be NaN or infinite where the input says so.</returns>
    /// <exception cref="QosValuationException"><c>OfferNotValid</c>.</exception>
    public static double Read(long row, string contributor, string field, object? raw, double? whenEmpty)
    {
        object? given = Unwrap(raw);
        if (given is null || (given is string text && string.IsNullOrWhiteSpace(text)))
        {
            return whenEmpty ?? throw DataOffer.NotValid(row, contributor, field, given, Advice);
        }

        return given is not (bool or ICollection) && RecordProperties.TryRead(given, out double number)
            ? number
            : throw DataOffer.NotValid(row, contributor, field, given.ToString(), Advice, given);
    }

    /// <summary>Reads a column of numbers where a list is given.</summary>
    /// <param name="field">The field.</param>
    /// <param name="raw">A list, or anything else.</param>
    /// <returns>The numbers; null where it is no list.</returns>
    /// <exception cref="QosValuationException"><c>OfferNotValid</c> names the first row at fault.</exception>
    public static double[]? Column(string field, object? raw)
    {
        object? given = Unwrap(raw);
        if (given is double[] numbers)
        {
            return numbers;
        }

        if (given is not IList list)
        {
            return null;
        }

        double[] column = new double[list.Count];
        for (int i = 0; i < column.Length; i++)
        {
            column[i] = list[i] is double number ? number : Read(i + 1, string.Empty, field, list[i], null);
        }

        return column;
    }

    /// <summary>Reads a matrix where one is given.</summary>
    /// <param name="field">The field.</param>
    /// <param name="raw">An array of arrays, a two-dimensional array, or anything else.</param>
    /// <param name="refuse">Makes the fault of a row that is no list of numbers.</param>
    /// <returns>Its rows; null where it is no matrix.</returns>
    public static double[][]? Matrix(string field, object? raw, Func<string, QosValuationException> refuse)
    {
        object? given = Unwrap(raw);
        return given switch
        {
            double[,] matrix =>
                [.. Enumerable.Range(0, matrix.GetLength(0)).Select(r => Enumerable.Range(0, matrix.GetLength(1)).Select(i => matrix[r, i]).ToArray())],
            IList list =>
                [.. list.Cast<object?>().Select((row, r) => MatrixRow(field, r + 1, row, refuse))],
            _ => null,
        };
    }

    /// <summary>Reads an embedding.</summary>
    /// <param name="row">The row in the input, from 1.</param>
    /// <param name="contributor">The provider's name.</param>
    /// <param name="raw">A list of numbers, or null.</param>
    /// <returns>The embedding; null where there is none.</returns>
    /// <exception cref="QosValuationException"><c>OfferNotValid</c>.</exception>
    public static float[]? Vector(long row, string contributor, object? raw)
    {
        object? given = Unwrap(raw);
        return given switch
        {
            null or "" => null,
            float[] vector => vector,
            IList list => [.. list.Cast<object?>().Select(item => (float)Read(row, contributor, "Vector", item, null))],
            _ => throw DataOffer.NotValid(row, contributor, "Vector", given.ToString(), "give an embedding as a list of numbers", given),
        };
    }

    /// <summary>Reads whether a provider wins; it does where nothing is said.</summary>
    /// <param name="raw">A truth value, its text, 1 or 0; absent for providers that no auction has seen.</param>
    /// <returns>Null where it is something else.</returns>
    public static bool? Truth(object? raw) => Unwrap(raw) switch
    {
        null or "" => true,
        bool wins => wins,
        string text when bool.TryParse(text, out bool wins) => wins,
        var other => RecordProperties.TryRead(other, out double number) && number is 0 or 1 ? number == 1 : null,
    };

    /// <summary>The object itself, without PowerShell's wrapping.</summary>
    /// <param name="value">Any object.</param>
    public static object? Unwrap(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;

    private static double[] MatrixRow(string field, int row, object? raw, Func<string, QosValuationException> refuse)
    {
        object? given = Unwrap(raw);
        if (given is double[] numbers)
        {
            return numbers;
        }

        IList list = given as IList ?? throw refuse($"Row {row} of -{field} is no list of numbers.");
        double[] values = new double[list.Count];
        for (int i = 0; i < values.Length; i++)
        {
            object? cell = Unwrap(list[i]);
            values[i] =
                cell is double plain ? plain
                : cell is not (null or "" or bool or ICollection) && RecordProperties.TryRead(cell, out double number) ? number
                : throw refuse($"Row {row}, column {i + 1} of -{field} is {(cell is null ? "nothing" : $"'{cell}'")}; {Advice}.");
        }

        return values;
    }
}
