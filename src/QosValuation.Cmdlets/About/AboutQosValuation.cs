namespace QosValuation.Cmdlets.About;

/// <summary>Values private image-and-text data and shares scarce AI quota fairly for it, without leaking the data.</summary>
/// <remarks>
/// <para>The module turns folders of images and captions into embeddings, clusters, differentially private prototypes, data values, token grants and
/// fairness figures. Every step is a cmdlet, every result a typed object, and records leave as soon as they are ready.</para>
/// <code>
/// Import-CocoDataset -AnnotationPath captions.json -ImageFolder images |
///     Get-ClipEmbedding |
///     Group-Embedding -PassThru |
///     Measure-DataValue |
///     Invoke-TokenAllocation -Supply 1000 -Capacity 4 |
///     Measure-Fairness
/// </code>
/// <para>RECORDS. A record (Item) is what one contribution holds: a photograph with its captions, or either alone. A record is placed in a cluster by its
/// image, or by its text where it has no image; its other modality follows, because image and text vectors of CLIP lie apart. |d|, counts and
/// sensitivities count records, not embeddings. Item holds its source (the path of the image, a digest of the COCO file and the id, the text), so that
/// unlike things are never one record.</para>
/// <para>CONTRIBUTORS. Who is valued, paid and charged. Get-ClipEmbedding takes -Contributor as a text, a script block or a property of the pipeline;
/// without it the contributor is the name of the parent folder. Names are compared without what nobody sees: surrounding and repeated blanks, full and half
/// width, composed and decomposed letters, zero-width and control characters. Letter case counts: of names that look alike, such as Alice beside
/// alice, a warning tells, and a privacy budget refuses the second.</para>
/// <para>NUMBERS IN TEXT. Arguments, columns and properties that come as text take a decimal point in every culture, and a decimal comma where the user's
/// culture has one; nothing stands between thousands. What is none of these is refused.</para>
/// <para>NOVELTY. The first Γ records of a cluster are novel (φ = 1), later ones normal (φ = 0.5); a record whose cluster never grows is noise (φ = 0).
/// The value of a contribution d is φ(d)·ln(1 + |d|), with φ(d) the average (paper, Eq. 20).</para>
/// <para>PROTOTYPES. One for each cluster and modality: the mean of the records' unit vectors plus noise, calibrated to (ε, δ). Replacing one of n records
/// moves the mean by at most 2/n: that is the sensitivity. A privacy budget keeps what all releases cost each contributor; see
/// about_QosValuation_Privacy.</para>
/// <para>ALLOCATION. An agent with value v receives min(v/Σv·V, B − R) tokens (paper, Eq. 15): V the supply, B the bucket's capacity, R what is left in
/// it. Fairness is judged on reward rates r = u/v by Jain's index and the Gini coefficient.</para>
/// <para>SAVING. What a cmdlet emits can be saved by Export-Clixml, come out of jobs and remoting, or go through ConvertTo-Json -Depth 5, and is the same
/// record again when a cmdlet takes it. What -Depth cut off is an error, never another value. Tables such as CSV hold what is flat.</para>
/// <para>SEEDS. Every seeded cmdlet takes -Seed; the same seed gives the same bytes whatever the number of threads. Without a seed, draws come from the
/// operating system's cryptographic generator. A release whose noise was drawn from a known seed is not private: keep -Seed for experiments.</para>
/// <para>The paper is arXiv:2606.15573, "QoS-Aware Token Scheduling and Private Data Valuation for Multi-Modal Agentic Networks".</para>
/// </remarks>
/// <seealso>Get-ClipEmbedding</seealso>
/// <seealso>Group-Embedding</seealso>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Measure-DataValue</seealso>
/// <seealso>Invoke-TokenAllocation</seealso>
/// <seealso>Measure-Fairness</seealso>
[AboutTopic("about_QosValuation")]
internal static class AboutQosValuation;
