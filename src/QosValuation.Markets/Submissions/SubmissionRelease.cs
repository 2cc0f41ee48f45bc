using System.Security.Cryptography;
using QosValuation.Markets.Ledger;

namespace QosValuation.Markets.Submissions;

/// <summary>Opens submissions that won, and writes each release into the ledger that awarded it.</summary>
/// <param name="ledger">The ledger.</param>
public sealed class SubmissionRelease(DatLedger ledger)
{
    private const string HashPrefix = "sha256:";

    /// <summary>The latest award of a submission: a record of its contributor whose pointer is its hash. O(the contributor's records).</summary>
    /// <param name="submission">The submission.</param>
    /// <returns>The award.</returns>
    /// <exception cref="QosValuationException"><c>SubmissionNotAwarded</c>: there is none.</exception>
    public DatRecord Award(DataSubmission submission)
    {
        ArgumentNullException.ThrowIfNull(submission);
        DatRecord? award = null;
        foreach (DatRecord record in ledger.Read(submission.Contributor))
        {
            ReadOnlySpan<char> pointer = record.Pointer.AsSpan();
            if (pointer.StartsWith(HashPrefix, StringComparison.OrdinalIgnoreCase))
            {
                pointer = pointer[HashPrefix.Length..];
            }

            if (pointer.Equals(submission.Hash, StringComparison.OrdinalIgnoreCase))
            {
                award = record;
            }
        }

        return award ?? throw new QosValuationException(
            Faults.SubmissionNotAwarded,
            $"The ledger holds no award of '{submission.Path}': no record of '{submission.Contributor}' has the pointer {submission.Hash}.",
            submission.Path);
    }

    /// <summary>
    /// A name for the document below a folder of deliveries: the contributor's folder and the file's name. Whoever sealed the submission chose both, so
    /// that neither may lead elsewhere: what a file's name cannot hold becomes _, and a part of the hash tells names apart that become one.
    /// </summary>
    /// <param name="submission">The submission.</param>
    /// <returns>A relative path of two parts.</returns>
    public static string NameOf(DataSubmission submission)
    {
        ArgumentNullException.ThrowIfNull(submission);
        return Path.Combine(Plain(submission.Contributor), Plain(submission.FileName));
    }

    /// <summary>Opens an awarded submission and logs the release. The release is logged first: none leaves without a trace.</summary>
    /// <param name="path">The sealed file.</param>
    /// <param name="targetPath">The document to write.</param>
    /// <param name="key">The recipient's private key.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The delivery.</returns>
    /// <exception cref="QosValuationException"><c>SubmissionNotAwarded</c>, and what <see cref="SubmissionFile.Open"/> throws.</exception>
    public DataDelivery Deliver(string path, string targetPath, ECDiffieHellman key, CancellationToken cancellationToken = default)
    {
        DatRecord award = Award(SubmissionFile.Describe(path));
        DatRecord? release = null;
        DataSubmission proved = SubmissionFile.Open(path, targetPath, key, Log, cancellationToken);
        void Log(DataSubmission submission)
        {
            // The file may have been exchanged since it was looked at.
            if (Award(submission).Sequence != award.Sequence)
            {
                throw new QosValuationException(Faults.SubmissionNotAwarded, $"The submission '{path}' changed while it was opened.", path);
            }

            release = ledger.AppendReserved(LedgerAccount.Release + submission.Contributor, 0, HashPrefix + submission.Hash);
        }

        return new DataDelivery
        {
            Path = targetPath,
            Contributor = proved.Contributor,
            Hash = proved.Hash,
            Length = proved.Length,
            AwardSequence = award.Sequence,
            ReleaseSequence = release!.Sequence,
        };
    }

    private static string Plain(string name)
    {
        // Also what other systems forbid, so that a folder can be copied to them.
        const string forbidden = "/\\:*?\"<>|";
        string plain = string.Concat(name.Select(c => char.IsControl(c) || char.IsSurrogate(c) || forbidden.Contains(c) ? '_' : c)).Trim(' ', '.');
        if (plain.Length > 100)
        {
            plain = plain[..100];
        }

        return plain == name && plain.Length > 0
            ? plain
            : $"{plain}-{Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)))[..8]}";
    }
}
