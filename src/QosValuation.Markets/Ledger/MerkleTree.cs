using System.Security.Cryptography;

namespace QosValuation.Markets.Ledger;

/// <summary>
/// The Merkle tree of RFC 6962 (section 2.1) over SHA-256: leaves and inner nodes are hashed under different prefixes, so
/// that no inner node can pass for a leaf. Leaves are added one at a time; adding n of them is O(n) in all.
/// </summary>
/// <param name="keepsNodes">Whether <see cref="Proof"/> will be asked for: the tree then holds all its nodes, 64 bytes a leaf. Otherwise it holds
/// O(log n) nodes, whatever its size.</param>
public sealed class MerkleTree(bool keepsNodes = false)
{
    private const int Size = SHA256.HashSizeInBytes;

    private readonly List<Level> _levels = [];

    /// <summary>The number of leaves.</summary>
    public long Count => _levels.Count == 0 ? 0 : _levels[0].Count;

    /// <summary>Appends a leaf. O(1) amortised, O(log n) at worst.</summary>
    /// <param name="data">The leaf's data.</param>
    public void Add(ReadOnlySpan<byte> data)
    {
        byte[] hash = LeafHash(data);
        for (int k = 0; ; k++)
        {
            if (k == _levels.Count)
            {
                _levels.Add(new Level(keepsNodes));
            }

            byte[]? left = _levels[k].Add(hash);
            if (left is null)
            {
                return;
            }

            hash = NodeHash(left, hash);
        }
    }

    /// <summary>The root over all leaves so far. O(log n).</summary>
    /// <returns>32 bytes; SHA-256 of nothing for an empty tree.</returns>
    public byte[] Root() => Edges(_levels.Count)[^1] ?? SHA256.HashData([]);

    /// <summary>The inclusion proof of a leaf (RFC 6962, section 2.1.1). O(log n).</summary>
    /// <param name="index">The leaf's position, from 0.</param>
    /// <returns>The audit path, from the leaf upwards.</returns>
    /// <exception cref="InvalidOperationException">The tree does not keep its nodes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such leaf.</exception>
    public IReadOnlyList<byte[]> Proof(long index)
    {
        if (!keepsNodes)
        {
            throw new InvalidOperationException("The tree does not keep its nodes.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        byte[]?[] edges = Edges(_levels.Count);
        var path = new List<byte[]>(_levels.Count);
        for (int k = 0; k < _levels.Count; k++, index >>= 1)
        {
            long sibling = index ^ 1;
            if (sibling < _levels[k].Count)
            {
                path.Add(_levels[k].Node(sibling));
            }
            else if (sibling == _levels[k].Count && edges[k] is { } edge)
            {
                path.Add(edge);
            }
        }

        return path;
    }

    /// <summary>The hash of a leaf: SHA-256(0x00 ‖ data).</summary>
    /// <param name="data">The leaf's data.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] LeafHash(ReadOnlySpan<byte> data)
    {
        byte[] buffer = new byte[data.Length + 1];
        data.CopyTo(buffer.AsSpan(1));
        return SHA256.HashData(buffer);
    }

    /// <summary>Whether a leaf stands at a position of a tree (RFC 9162, section 2.1.3.2). O(log n).</summary>
    /// <param name="data">The leaf's data.</param>
    /// <param name="index">Its position, from 0.</param>
    /// <param name="count">The number of leaves.</param>
    /// <param name="proof">The audit path, from the leaf upwards.</param>
    /// <param name="root">The tree's root.</param>
    /// <returns>True where the path leads to the root.</returns>
    public static bool Verify(ReadOnlySpan<byte> data, long index, long count, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> root)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (index < 0 || index >= count)
        {
            return false;
        }

        long position = index;
        long last = count - 1;
        byte[] hash = LeafHash(data);
        foreach (byte[] sibling in proof)
        {
            if (last == 0 || sibling.Length != Size)
            {
                return false;
            }

            if ((position & 1) == 1 || position == last)
            {
                hash = NodeHash(sibling, hash);
                while ((position & 1) == 0 && position != 0)
                {
                    position >>= 1;
                    last >>= 1;
                }
            }
            else
            {
                hash = NodeHash(hash, sibling);
            }

            position >>= 1;
            last >>= 1;
        }

        return last == 0 && CryptographicOperations.FixedTimeEquals(hash, root);
    }

    // At each level the subtree at the right edge that is not full, null where the leaves divide evenly. One more than the levels: the last is the root.
    private byte[]?[] Edges(int levels)
    {
        byte[]?[] edges = new byte[]?[levels + 1];
        for (int k = 0; k < levels; k++)
        {
            edges[k + 1] = _levels[k].Unpaired is not { } unpaired ? edges[k] : edges[k] is { } edge ? NodeHash(unpaired, edge) : unpaired;
        }

        return edges;
    }

    private static byte[] NodeHash(byte[] left, byte[] right)
    {
        Span<byte> buffer = stackalloc byte[1 + 2 * Size];
        buffer[0] = 1;
        left.CopyTo(buffer[1..]);
        right.CopyTo(buffer[(1 + Size)..]);
        return SHA256.HashData(buffer);
    }

    /// <summary>The full subtrees of one height, from the left.</summary>
    private sealed class Level(bool keepsNodes)
    {
        // Fixed pieces, because a ledger of a hundred million records passes the longest array.
        private const int PieceNodes = 1 << 15;

        private readonly List<byte[]> _pieces = [];

        public long Count { get; private set; }

        /// <summary>The last node where it has no right neighbour yet.</summary>
        public byte[]? Unpaired { get; private set; }

        /// <summary>Appends a node.</summary>
        /// <returns>Its left neighbour where the two now make a pair; else null.</returns>
        public byte[]? Add(byte[] node)
        {
            if (keepsNodes)
            {
                int offset = (int)(Count % PieceNodes);
                if (offset == 0)
                {
                    _pieces.Add(new byte[PieceNodes * Size]);
                }

                node.CopyTo(_pieces[^1], offset * Size);
            }

            Count++;
            byte[]? left = Unpaired;
            Unpaired = left is null ? node : null;
            return left;
        }

        public byte[] Node(long index) => _pieces[(int)(index / PieceNodes)].AsSpan((int)(index % PieceNodes) * Size, Size).ToArray();
    }
}
