namespace QosValuation.Allocation.Schemes;

/// <summary>Sorts agents so that ties keep the order of the input.</summary>
internal static class StableOrder
{
    // Sorts indices by ascending key; equal keys keep their order. Indices must be ascending at the start.
    internal static void Sort(double[] keys, int[] indices)
    {
        Array.Sort(keys, indices);
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            while (end < keys.Length && keys[end] == keys[start])
            {
                end++;
            }

            Array.Sort(indices, start, end - start);
            start = end;
        }
    }
}
