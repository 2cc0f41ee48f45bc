using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QosValuation.Embeddings.Datasets;
using QosValuation.Embeddings.Joining;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Merges the online clusterings of the parts of a set: a second pass over all members in one order that depends neither on the number of parts nor on
/// the order in which they are given.
/// </summary>
/// <remarks>
/// <para>Online clustering depends on the order of arrival, and clusters of parts cannot be put together to those of the whole: a group's centroid in a
/// part is that of other records. So the members are grouped anew.</para>
/// <para>Where -Shard made the parts, the order is that of the one run, and the result is that run's to the bit: clusters, counts, centroids, labels.
/// Otherwise the order is that of the SHA-256 of a record's contributor and Item (of its source and vector where the Item is empty), and within a record
/// that of modality, source and vector: it is as good as a random order, so that Measure-OrderSensitivity tells how far such a merge may differ
/// from one pass in another order.</para>
/// <para>Memory: all members. O(N·log N) for the order, besides the clustering.</para>
/// </remarks>
public static class ClusteringMerge
{
    /// <summary>Refuses states that were not made with the same settings.</summary>
    /// <param name="states">The states of the parts, at least one.</param>
    /// <returns>The state whose settings stand for all: the first that has seen a record.</returns>
    /// <exception cref="QosValuationException"><c>StateParameterMismatch</c>.</exception>
    public static ClusteringState RequireAlike(IReadOnlyList<ClusteringState> states)
    {
        ArgumentNullException.ThrowIfNull(states);
        ClusteringState first = states.FirstOrDefault(state => state.SimilarityThreshold is not null) ?? states[0];
        foreach (ClusteringState state in states)
        {
            bool hasOtherThreshold = state.SimilarityThreshold is { } own && own != first.SimilarityThreshold;
            if (hasOtherThreshold || state.NoveltyThreshold != first.NoveltyThreshold || state.Search != first.Search)
            {
                throw new QosValuationException(
                    Faults.StateParameterMismatch,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The clustering states '{first.Path}' and '{state.Path}' were made with other settings: similarity threshold "
                            + $"{first.SimilarityThreshold} and {state.SimilarityThreshold}, "
                            + $"novelty threshold {first.NoveltyThreshold} and {state.NoveltyThreshold}, search {first.Search} and {state.Search}."),
                    state.Path);
            }
        }

        return first;
    }

    /// <summary>The members of all parts in the order of the second pass, each once.</summary>
    /// <param name="states">The states of the parts.</param>
    /// <param name="allowMissing">Whether shards may be missing, where the members say of which they are.</param>
    /// <param name="warned">Receives warnings.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The embeddings.</returns>
    /// <exception cref="QosValuationException">
    /// <c>StateWithoutMembers</c>, <c>ShardsMissing</c>, <c>ShardsDiffer</c>, <c>ShardsContradict</c>, <c>StateDamaged</c>; <c>StateParameterMismatch</c>:
    /// members are of different models.
    /// </exception>
    public static IEnumerable<ClipEmbedding> Members(
        IReadOnlyList<ClusteringState> states, bool allowMissing, Action<string> warned, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(warned);
        List<ClipEmbedding> members = [];
        string? model = null;
        foreach (ClusteringState state in states)
        {
            cancellation.ThrowIfCancellationRequested();
            int before = members.Count;
            members.AddRange(state.ReadMembers());
            foreach (ClipEmbedding member in members.Skip(before).Where(static member => !string.IsNullOrEmpty(member.Model)))
            {
                model ??= member.Model;
                if (member.Model != model)
                {
                    throw new QosValuationException(
                        Faults.StateParameterMismatch,
                        $"The clustering states hold embeddings of different models: '{states[0].Path}' of '{model}', '{state.Path}' of '{member.Model}'.",
                        state.Path);
                }
            }
        }

        if (members.TrueForAll(static member => member.Shard is null))
        {
            // Ordinals of parts that the user made say nothing about the whole: the digest takes their place.
            ClipEmbedding? last = null;
            long repeated = 0;
            foreach ((ClipEmbedding member, _) in members.Select(static member => (member, Key: KeyOf(member)))
                .OrderBy(static entry => entry.Key, StringComparer.Ordinal)
                .ThenBy(static entry => entry.member.Modality)
                .ThenBy(static entry => entry.member.Source, StringComparer.Ordinal)
                .ThenBy(static entry => DigestOf(entry.member), StringComparer.Ordinal)
                .ThenBy(static entry => entry.member.Ordinal))
            {
                if (last is not null && AreOne(last, member))
                {
                    repeated++;
                    continue;
                }

                last = member;
                yield return member;
            }

            Tell(repeated, warned);
            yield break;
        }

        var joiner = new EmbeddingJoiner(static _ => { }, warned);
        members.ForEach(member => joiner.Add(LabelledEmbedding.Of(member)));
        joiner.Check(allowMissing);
        foreach (LabelledEmbedding member in joiner.Join(cancellation))
        {
            yield return member.ToEmbedding();
        }

        Tell(joiner.Repeated, warned);
    }

    private static bool AreOne(ClipEmbedding first, ClipEmbedding second) =>
        !string.IsNullOrEmpty(first.Item) && first.Item == second.Item && first.Contributor == second.Contributor && first.Modality == second.Modality
        && first.Source == second.Source && first.Model == second.Model && first.Vector.AsSpan().SequenceEqual(second.Vector);

    private static void Tell(long repeated, Action<string> warned)
    {
        if (repeated > 0)
        {
            warned(string.Create(CultureInfo.CurrentCulture, $"Members that stand in more than one state were taken once: {repeated:N0} are left out."));
        }
    }

    /// <summary>By what the records of parts that say nothing of shards are put in order: ordinal, smaller first. O(names), without an Item O(d) too.</summary>
    /// <param name="embedding">An embedding of the record.</param>
    /// <returns>A digest in hexadecimal, the same for all embeddings of a record.</returns>
    internal static string KeyOf(ClipEmbedding embedding)
    {
        string name = string.IsNullOrEmpty(embedding.Item)
            ? "\0" + embedding.Source + "\0" + DigestOf(embedding)
            : RecordIndex.ContributorOf(embedding) + "\0" + embedding.Item;
        return Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));
    }

    private static string DigestOf(ClipEmbedding embedding) =>
        Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(embedding.Vector.AsSpan())));
}
