using System.Security.Cryptography;

namespace QosValuation.Markets.Ledger;

/// <summary>
/// The Merkle tree of RFC 6962 (section 2.1) over SHA-256: leaves and inner nodes are hashed under different prefixes, so
/// that no inner node can pass for a leaf.
/// </summary>
public static class MerkleTree
{
    /// <summary>The hash of a leaf: SHA-256(0x00 ‖ data).</summary>
    /// <param name="data">The leaf's data.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] LeafHash(ReadOnlySpan<byte> data)
    {
        byte[] buffer = new byte[data.Length + 1];
        data.CopyTo(buffer.AsSpan(1));
        return SHA256.HashData(buffer);
    }

    /// <summary>The root and every leaf's inclusion proof. O(n log n), which is the size of the proofs.</summary>
    /// <param name="leaves">The leaves' data, in order.</param>
    /// <returns>The root (SHA-256 of nothing for an empty tree) and the audit paths, from the leaf upwards.</returns>
    public static (byte[] Root, IReadOnlyList<byte[]>[] Proofs) Build(IReadOnlyList<byte[]> leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        var proofs = new List<byte[]>[leaves.Count];
        for (int i = 0; i < proofs.Length; i++)
        {
            proofs[i] = [];
        }

        byte[] root = leaves.Count == 0 ? SHA256.HashData([]) : Subtree(leaves, 0, leaves.Count, proofs);
        return (root, proofs);
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
            if (last == 0 || sibling.Length != SHA256.HashSizeInBytes)
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

    private static byte[] Subtree(IReadOnlyList<byte[]> leaves, int start, int count, List<byte[]>[] proofs)
    {
        if (count == 1)
        {
            return LeafHash(leaves[start]);
        }

        int split = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count) / 2; // the largest power of two below count
        byte[] left = Subtree(leaves, start, split, proofs);
        byte[] right = Subtree(leaves, start + split, count - split, proofs);
        for (int i = start; i < start + split; i++)
        {
            proofs[i].Add(right);
        }

        for (int i = start + split; i < start + count; i++)
        {
            proofs[i].Add(left);
        }

        return NodeHash(left, right);
    }

    private static byte[] NodeHash(byte[] left, byte[] right)
    {
        Span<byte> buffer = stackalloc byte[1 + 2 * SHA256.HashSizeInBytes];
        buffer[0] = 1;
        left.CopyTo(buffer[1..]);
        right.CopyTo(buffer[(1 + SHA256.HashSizeInBytes)..]);
        return SHA256.HashData(buffer);
    }
}
