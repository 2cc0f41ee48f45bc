using System.Globalization;
using System.Numerics.Tensors;

namespace QosValuation.Learning.Learners;

/// <summary>Labelled rows of features in single precision, side by side in memory. Immutable. Memory O(rows · features).</summary>
public sealed class LabelledRows
{
    private readonly float[] _values;
    private readonly int[] _labels;
    private readonly int[]? _records;

    /// <summary>Wraps rows that stand side by side already. O(rows · features): every value is looked at once.</summary>
    /// <param name="values">Row after row, <paramref name="labels"/> rows of <paramref name="features"/> finite numbers; kept, not copied.</param>
    /// <param name="labels">The class of each row, from 0 to <paramref name="classes"/> − 1; kept, not copied.</param>
    /// <param name="features">The length of a row, at least 1.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    public LabelledRows(float[] values, int[] labels, int features, int classes)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(features);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.LongLength, (long)labels.Length * features, nameof(values));
        foreach (int label in labels)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)label, (uint)classes, nameof(labels));
        }

        if (!TensorPrimitives.IsFiniteAll<float>(values))
        {
            throw new ArgumentOutOfRangeException(nameof(values), "A feature is not finite.");
        }

        _values = values;
        _labels = labels;
        Features = features;
        Classes = classes;
        Records = labels.Length;
    }

    private LabelledRows(LabelledRows rows, int[] records, int count)
    {
        (_values, _labels, Features, Classes) = (rows._values, rows._labels, rows.Features, rows.Classes);
        _records = records;
        Records = count;
    }

    /// <summary>Copies rows of features. O(rows · features).</summary>
    /// <param name="rows">The rows, all of one length of at least 1; at least one row.</param>
    /// <param name="labels">The class of each row.</param>
    /// <param name="classes">The number of classes.</param>
    /// <returns>The rows side by side.</returns>
    public static LabelledRows Of(IReadOnlyList<float[]> rows, IReadOnlyList<int> labels, int classes)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Count, rows.Count);
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count, nameof(rows));
        int features = rows[0].Length;
        float[] values = new float[(long)rows.Count * features];
        for (int i = 0; i < rows.Count; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(rows[i].Length, features, nameof(rows));
            rows[i].CopyTo(values.AsSpan(i * features));
        }

        return new LabelledRows(values, [.. labels], features, classes);
    }

    /// <summary>The number of rows.</summary>
    public int Count => _labels.Length;

    /// <summary>The number of records: as many as rows, but where several rows are of one record (<see cref="WithRecords"/>).</summary>
    public int Records { get; }

    /// <summary>The record of each row, numbered from 0 without gaps; empty where every row is a record of its own.</summary>
    public ReadOnlySpan<int> RecordOfRow => _records;

    /// <summary>The length of a row.</summary>
    public int Features { get; }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>All rows, one after the other.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>The class of each row.</summary>
    public ReadOnlySpan<int> Labels => _labels;

    /// <summary>A row.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <returns>Its features.</returns>
    public ReadOnlySpan<float> this[int index] => _values.AsSpan(index * Features, Features);

    /// <summary>Some of the rows, in the order given. O(chosen · features).</summary>
    /// <param name="chosen">Indices of rows; one may come twice.</param>
    /// <returns>A copy.</returns>
    public LabelledRows Select(ReadOnlySpan<int> chosen)
    {
        float[] values = new float[(long)chosen.Length * Features];
        int[] labels = new int[chosen.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            this[chosen[i]].CopyTo(values.AsSpan(i * Features));
            labels[i] = _labels[chosen[i]];
        }

        var selected = new LabelledRows(values, labels, Features, Classes);
        return _records is null ? selected : selected.WithRecords([.. chosen.ToArray().Select(i => _records[i].ToString(CultureInfo.InvariantCulture))]);
    }

    /// <summary>The same rows, some of which are of one record, such as a photograph and its captions: private training protects records. O(rows).</summary>
    /// <param name="records">The record of each row, by any names; a null or empty one is a record of its own.</param>
    /// <returns>Rows that share the memory.</returns>
    public LabelledRows WithRecords(IReadOnlyList<string?> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentOutOfRangeException.ThrowIfNotEqual(records.Count, Count, nameof(records));
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        int[] numbers = new int[Count];
        int next = 0;
        for (int i = 0; i < numbers.Length; i++)
        {
            string? name = records[i];
            if (string.IsNullOrEmpty(name) || !known.TryGetValue(name, out numbers[i]))
            {
                numbers[i] = next++;
                if (!string.IsNullOrEmpty(name))
                {
                    known.Add(name, numbers[i]);
                }
            }
        }

        return next == Count ? this : new LabelledRows(this, numbers, next);
    }

    /// <summary>The rows by record. O(rows).</summary>
    /// <returns>The rows' indices, record after record, and where each record begins among them, with the end.</returns>
    internal (int[] Rows, int[] Starts) ByRecord()
    {
        int[] starts = new int[Records + 1];
        int[] rows = new int[Count];
        for (int i = 0; i < rows.Length; i++)
        {
            starts[RecordAt(i) + 1]++;
        }

        for (int r = 0; r < Records; r++)
        {
            starts[r + 1] += starts[r];
        }

        int[] next = [.. starts];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[next[RecordAt(i)]++] = i;
        }

        return (rows, starts);
    }

    private int RecordAt(int row) => _records is null ? row : _records[row];

    /// <summary>How many rows each class has. O(rows).</summary>
    /// <returns>One number a class.</returns>
    public int[] CountByClass()
    {
        int[] counts = new int[Classes];
        foreach (int label in _labels)
        {
            counts[label]++;
        }

        return counts;
    }
}
