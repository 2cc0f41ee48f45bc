using System.Management.Automation;
using QosValuation.Cmdlets.Valuation;
using QosValuation.Learning.Clients;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Divides labelled embeddings among the clients of a model market, in the ways in which federated learning is tried.</summary>
/// <remarks>
/// <para>Embeddings come from the pipeline, each with a class: a property Label, or what -Label says. Clients leave, named client1, client2 and so on,
/// as traders; New-ModelClient gives them other roles, costs and gain scales. First a common test set is held out, class by class, unless -Test gives it;
/// each client is measured on it with weights that give it the client's own distribution of labels. Whole records are dealt: embeddings of one Item,
/// such as a photograph and its captions, go to one client or to the test set together, and so do equal vectors under different names.</para>
/// <para>Iid deals at random. Dirichlet divides each class by shares from Dirichlet(β), as NIID-Bench does: who has its even share already gets
/// nothing of the next class. Pathological gives each client -ClassCount classes. Quantity draws the clients' sizes from Dirichlet(β).
/// Cluster divides each class over -Cluster clusters by Dirichlet(β), and within a cluster by Dirichlet(10): with 3 clusters and β = 0.1 the iPFL
/// authors' cluster-3-10. FeatureShift moves the vectors of each of -Cluster domains by -Strength in a direction of its own, and a copy of the test
/// set for each domain likewise. Noisy gives client i of n a part of strength·i/(n − 1) wrong labels; the test set keeps the right ones.</para>
/// <para>Draws that leave a client with fewer than -MinimumSize records are made again, up to 100 times; then the largest clients give to
/// the smallest. The same seed divides the same embeddings in the same way.</para>
/// </remarks>
/// <example>
/// <summary>Ten clients with unlike labels.</summary>
/// <code>$clients = Import-Embedding train.npy -MetadataPath train.csv | New-ClientPartition -Count 10 -Kind Dirichlet -Beta 0.1 -Seed 1</code>
/// </example>
/// <example>
/// <summary>Three clusters of tasks, and what every client pays for an export.</summary>
/// <code>$clients = $train | New-ClientPartition -Count 12 -Kind Cluster -Seed 1 | New-ModelClient -Cost 1</code>
/// </example>
/// <seealso>New-ModelClient</seealso>
/// <seealso>Import-Embedding</seealso>
[Cmdlet(VerbsCommon.New, "ClientPartition")]
[OutputType(typeof(ModelClient))]
public sealed class NewClientPartitionCommand : ClientMakingCommand
{
    /// <summary>Labelled embeddings, or objects with a Vector and a class.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Alias("Embedding")]
    [ValidateNotNull]
    public PSObject?[] InputObject { get; set; } = [];

    /// <summary>How many clients, at least 1; 10 by default.</summary>
    /// <value>10</value>
    [Parameter(Position = 0)]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int Count { get; set; } = 10;

    /// <summary>How records are dealt: Iid (the default), Dirichlet, Pathological, Quantity, FeatureShift, Cluster or Noisy.</summary>
    /// <value>Iid</value>
    [Parameter(Position = 1)]
    [SingleValue]
    public ClientPartitionKind Kind { get; set; } = ClientPartitionKind.Iid;

    /// <summary>β of Dirichlet and Quantity (0.5 by default) and over the clusters of Cluster (0.1); above 0, and small values skew more.</summary>
    [Parameter]
    [Number(MayBeAbsent = true)]
    public double? Beta { get; set; }

    /// <summary>How many clusters of tasks Cluster has, and how many domains FeatureShift; from 1 to -Count, 3 by default.</summary>
    /// <value>3</value>
    [Parameter]
    [Alias("ClusterCount")]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int Cluster { get; set; } = 3;

    /// <summary>How many classes a client of Pathological has, at least 1; 2 by default.</summary>
    /// <value>2</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int ClassCount { get; set; } = 2;

    /// <summary>
    /// The largest part of wrong labels of Noisy, from 0 to 1, or the length of FeatureShift's shift for a vector of length 1; 0.5 by default.
    /// </summary>
    /// <value>0.5</value>
    [Parameter]
    [ValidateRange(0.0, double.MaxValue)]
    [Number]
    public double Strength { get; set; } = 0.5;

    /// <summary>The fewest records of a client, where there are that many for each; 10 by default.</summary>
    /// <value>10</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int MinimumSize { get; set; } = 10;

    private ClientPartitionOptions Options => new()
    {
        Count = Count,
        Kind = Kind,
        Beta = Beta,
        Clusters = Cluster,
        ClassesPerClient = ClassCount,
        Strength = Strength,
        MinimumSize = MinimumSize,
        TestPart = TestPart,
        Seed = Seed,
    };

    /// <inheritdoc/>
    protected override void Begin()
    {
        Options.Validate();
        base.Begin();
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject? item in InputObject)
        {
            Cancellation.ThrowIfCancellationRequested();
            CountItem();
            TryItem(item, () =>
            {
                ClipEmbedding embedding = Embedding(item);
                Builder.Add(embedding, ItemLabel.Of(Label, item!), embedding.Contributor);
            });
        }
    }

    /// <inheritdoc/>
    private protected override IEnumerable<ModelClient> Clients() => Builder.Partition(Options);
}
