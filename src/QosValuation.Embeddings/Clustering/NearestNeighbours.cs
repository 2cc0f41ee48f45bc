namespace QosValuation.Embeddings.Clustering;

/// <summary>Exact search for the nearest of many unit vectors.</summary>
public static class NearestNeighbours
{
    private const int BlockRows = 64;
    private const int BlockColumns = 1536;

    /// <summary>
    /// The largest cosine of each query to any reference, and whose it is. O(queries · references · d) in tiles of SIMD inner products, queries in
    /// parallel. The result does not depend on the number of threads; ties go to the earlier reference.
    /// </summary>
    /// <param name="queries">Rows of unit norm.</param>
    /// <param name="references">At least one row of unit norm, of the same dimension.</param>
    /// <param name="nearest">Receives the index of the nearest reference of each query.</param>
    /// <param name="progress">Receives the number of queries done; may be null.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    /// <returns>The cosines.</returns>
    public static float[] Find(
        VectorMatrix queries, VectorMatrix references, out int[] nearest, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentNullException.ThrowIfNull(references);
        if (queries.Dimension != references.Dimension || references.Count == 0)
        {
            throw new ArgumentException("There must be a reference, and both must have the same dimension.", nameof(references));
        }

        float[] cosines = new float[queries.Count];
        int[] indices = new int[queries.Count];
        Array.Fill(cosines, float.NegativeInfinity);
        int done = 0;
        ParallelOptions parallel = new() { CancellationToken = cancellationToken };
        Parallel.For(0, (queries.Count + BlockRows - 1) / BlockRows, parallel, block =>
        {
            Span<float> products = stackalloc float[CosineKernel.TileRows * CosineKernel.TileColumns];
            int first = block * BlockRows;
            int last = Math.Min(queries.Count, first + BlockRows);

            // A block of references stays in the cache while all queries of the block pass over it.
            for (int columns = 0; columns < references.Count; columns += BlockColumns)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int end = Math.Min(references.Count, columns + BlockColumns);
                for (int row = first; row < last; row += CosineKernel.TileRows)
                {
                    for (int column = columns; column < end; column += CosineKernel.TileColumns)
                    {
                        CosineKernel.Tile(queries, row, references, column, products);
                        for (int i = 0; i < Math.Min(CosineKernel.TileRows, last - row); i++)
                        {
                            for (int j = 0; j < Math.Min(CosineKernel.TileColumns, end - column); j++)
                            {
                                float cosine = products[i * CosineKernel.TileColumns + j];
                                if (cosine > cosines[row + i])
                                {
                                    cosines[row + i] = cosine;
                                    indices[row + i] = column + j;
                                }
                            }
                        }
                    }
                }
            }

            progress?.Report(Interlocked.Add(ref done, last - first));
        });
        nearest = indices;
        return cosines;
    }
}
