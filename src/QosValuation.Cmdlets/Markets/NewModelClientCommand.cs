using System.Management.Automation;
using QosValuation.Cmdlets.Valuation;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Makes the clients of a model market of labelled embeddings, one for each contributor.</summary>
/// <remarks>
/// <para>Embeddings come from the pipeline, each with a class (a property Label, or what -Label says) and a contributor (its own, or what -Contributor
/// says). Clients leave in the order in which their contributors first came. A client trains on its embeddings and is measured on one test set that
/// all share, weighted to the client's own distribution of labels: -Test gives it, and else a part of the records is held out, class by class.
/// Training and test never share a record: embeddings of one Item, such as both captions of a photograph, stay together, and so do equal vectors
/// under different names. N, by which the market counts, is the number of records.</para>
/// <para>A Trader has K = 500,000 (the authors' code) and cost 0. A Buyer has cost 1000, so that its model is not bought. A Seller has K = 0 and
/// cost 0, and an Attacker too, with the sign of its model reversed. -GainScale, -Cost and -Attack say otherwise. -Spread draws K and cost uniformly
/// from [(1 − spread)·x, x] for each client; the authors' roles have 0.5, and leave a buyer's cost as it is.</para>
/// <para>-ReportedCost, -ReportedSize and -ReportedGainScale make liars. Attacks: SignFlip and Shuffle spoil a trained model; FreeRide,
/// FreeRideConstant and FreeRideNoise do not train, and share the model as it is, ones, or noise.</para>
/// <para>Clients from New-ClientPartition, or from this cmdlet, may be piped in as well: they leave with the given parameters changed and all else
/// as it was. A bad item or client costs one error and no other.</para>
/// </remarks>
/// <example>
/// <summary>One client for each contributor; a fifth of the records is the common test set.</summary>
/// <code>$clients = Import-Embedding train.npy -MetadataPath train.csv | New-ModelClient -Cost 1 -Seed 1</code>
/// </example>
/// <example>
/// <summary>Two clients who sell and nothing else, and one who lies about its cost.</summary>
/// <code>$clients = $train | New-ClientPartition -Count 10 -Kind Cluster -Seed 1
/// $market = @($clients[0, 1] | New-ModelClient -Role Seller) + @($clients[2] | New-ModelClient -Cost 1 -ReportedCost 2) + $clients[3..9]</code>
/// </example>
/// <seealso>New-ClientPartition</seealso>
/// <seealso>Import-Embedding</seealso>
/// <seealso>Get-ClipEmbedding</seealso>
[Cmdlet(VerbsCommon.New, "ModelClient")]
[OutputType(typeof(ModelClient))]
public sealed class NewModelClientCommand : ClientMakingCommand
{
    private RandomSource _random = RandomSource.Create(0);

    /// <summary>Labelled embeddings, or objects with a Vector and a class; or clients to be changed.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Alias("Embedding")]
    [ValidateNotNull]
    public PSObject?[] InputObject { get; set; } = [];

    /// <summary>Whose an embedding is: a name for all of them, or a script block in which $_ is the embedding. By default its own Contributor.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? Contributor { get; set; }

    /// <summary>What the clients are there for: Trader (the default), Buyer, Seller or Attacker.</summary>
    /// <value>Trader</value>
    [Parameter(Position = 0)]
    [SingleValue]
    public ClientRole Role { get; set; } = ClientRole.Trader;

    /// <summary>K, at least 0: with n records in all a client's gain is √(K/N) − √(K/n). 500,000 by default, 0 for sellers and attackers.</summary>
    /// <value>500000</value>
    [Parameter]
    [ValidateRange(0.0, double.MaxValue)]
    [Number]
    public double GainScale { get; set; } = ModelClient.StandardGainScale;

    /// <summary>c, at least 0: what each export of its model costs a client. 0 by default, and 1000 for buyers.</summary>
    [Parameter]
    [ValidateRange(0.0, double.MaxValue)]
    [Number]
    public double Cost { get; set; }

    /// <summary>The part by which a client's K and cost may lie below what is given, each by a draw of its own; from 0 (the default) to 1.</summary>
    [Parameter]
    [ValidateRange(0.0, 1.0)]
    [Number]
    public double Spread { get; set; }

    /// <summary>What the clients do with the models that they share: None, or SignFlip for attackers, by default.</summary>
    /// <value>None</value>
    [Parameter]
    [SingleValue]
    public ClientAttack Attack { get; set; } = ClientAttack.None;

    /// <summary>The gain scale that the clients report instead of their own, at least 0.</summary>
    [Parameter]
    [ValidateRange(0.0, double.MaxValue)]
    [Number(MayBeAbsent = true)]
    public double? ReportedGainScale { get; set; }

    /// <summary>The cost that the clients report instead of their own, at least 0.</summary>
    [Parameter]
    [ValidateRange(0.0, double.MaxValue)]
    [Number(MayBeAbsent = true)]
    public double? ReportedCost { get; set; }

    /// <summary>The number of records that the clients report instead of their own, at least 1.</summary>
    [Parameter]
    [ValidateRange(1.0, double.MaxValue)]
    [Number(MayBeAbsent = true)]
    public double? ReportedSize { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        _random = RandomSource.Create(Seed, stream: 1);
        base.Begin();
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject? item in InputObject)
        {
            Cancellation.ThrowIfCancellationRequested();
            TryItem(item, () =>
            {
                if (RecordReader.TryRead(item, out ModelClient? client))
                {
                    client.Validate();
                    WriteRecord(Change(client));
                    return;
                }

                CountItem();
                ClipEmbedding embedding = Embedding(item);
                string contributor = ContributorArgument.Of(Contributor, item!, embedding.Contributor);
                if (contributor.Length == 0)
                {
                    throw new QosValuationException(
                        Faults.ContributorMissing, $"The embedding '{embedding.Item}' has no contributor: set the property, or give -Contributor.", item);
                }

                Builder.Add(embedding, ItemLabel.Of(Label, item!), contributor);
            });
        }
    }

    /// <inheritdoc/>
    private protected override IEnumerable<ModelClient> Clients() => Builder.ByContributor(TestPart, Seed, fault => WriteFault(fault)).Select(Change);

    private ModelClient Change(ModelClient client)
    {
        if (IsBound(nameof(Role)))
        {
            client = client.As(Role);
        }

        client = client with
        {
            GainScale = IsBound(nameof(GainScale)) ? GainScale : client.GainScale,
            Cost = IsBound(nameof(Cost)) ? Cost : client.Cost,
            Attack = IsBound(nameof(Attack)) ? Attack : client.Attack,
            ReportedGainScale = ReportedGainScale ?? client.ReportedGainScale,
            ReportedCost = ReportedCost ?? client.ReportedCost,
            ReportedSize = ReportedSize ?? client.ReportedSize,
        };
        return Spread > 0 ? client.Spread(Spread, _random) : client;
    }
}
