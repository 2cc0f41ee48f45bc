using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>Agglomerative clustering with complete linkage, cut into two clusters.</summary>
/// <remarks>
/// Complete linkage is reducible, so that chains of nearest neighbours find the same tree as the search for the nearest pair of all
/// (Müllner 2011, section 3.2), in O(n²) time and memory. The last merge of the tree joins the two clusters.
/// </remarks>
public static class CompleteLinkage
{
    /// <summary>Splits members into two clusters. O(n²).</summary>
    /// <param name="distances">The distances of the members, symmetric.</param>
    /// <returns>For each member whether it lies in the second cluster; the first one holds member 0.</returns>
    public static bool[] Split(SquareMatrix distances)
    {
        ArgumentNullException.ThrowIfNull(distances);
        int n = distances.Count;
        bool[] second = new bool[n];
        if (n < 2)
        {
            return second;
        }

        double[][] linkage = distances.ToRows();
        bool[] alive = new bool[n];
        Array.Fill(alive, true);
        List<int> chain = [];
        List<(double Height, int Left, int Right)> merges = [];
        while (merges.Count < n - 1)
        {
            if (chain.Count == 0)
            {
                chain.Add(Array.IndexOf(alive, true));
            }

            int top = chain[^1];
            int before = chain.Count > 1 ? chain[^2] : -1;
            int nearest = before;
            double least = before < 0 ? double.PositiveInfinity : linkage[top][before];
            for (int k = 0; k < n; k++)
            {
                if (alive[k] && k != top && (linkage[top][k] < least || nearest < 0))
                {
                    least = linkage[top][k];
                    nearest = k;
                }
            }

            if (nearest != before)
            {
                chain.Add(nearest);
                continue;
            }

            // Each is the other's nearest: they merge under the smaller number.
            chain.RemoveRange(chain.Count - 2, 2);
            int keep = Math.Min(top, nearest);
            int gone = Math.Max(top, nearest);
            merges.Add((least, keep, gone));
            alive[gone] = false;
            for (int k = 0; k < n; k++)
            {
                if (alive[k] && k != keep)
                {
                    linkage[keep][k] = linkage[k][keep] = Math.Max(linkage[keep][k], linkage[gone][k]);
                }
            }
        }

        // All merges but the highest one, in the order of their heights; a stable sort keeps children before parents of the same height.
        int[] root = [.. Enumerable.Range(0, n)];
        foreach ((_, int left, int right) in merges.OrderBy(merge => merge.Height).Take(n - 2))
        {
            root[Find(root, right)] = Find(root, left);
        }

        int first = Find(root, 0);
        for (int k = 0; k < n; k++)
        {
            second[k] = Find(root, k) != first;
        }

        return second;
    }

    private static int Find(int[] root, int member)
    {
        while (root[member] != member)
        {
            member = root[member] = root[root[member]];
        }

        return member;
    }
}
