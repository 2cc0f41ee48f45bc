using QosValuation.Attacks.Reconstruction;
using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class ReconstructionCampaignTests
{
    private static readonly ClipModelFiles Mini = ClipModelCatalog.Resolve(TestData.ClipMini);

    [Fact]
    public void WithOneModelATargetIsReadyAndTextsStandBesideIt()
    {
        using ReconstructionCampaign campaign = ReconstructionCampaign.Open([Mini], [ReconstructionMethod.DirectAscent]);
        Assert.False(campaign.HasTexts);
        campaign.AddTexts(["a dog", "a cat"], [0.5]);
        AttackTarget ready = campaign.Take(AttackTarget.Of([1f, 0f], "vector 1"))!;
        Assert.Equal([1, 0.5, 0.5], ready.Vectors.Select(vector => vector.Weight));
        Assert.Equal([0.5, 0.5], campaign.TargetOfTexts("texts").Vectors.Select(vector => vector.Weight));
        Assert.Empty(campaign.Waiting);
    }

    [Fact]
    public void ReleasesOfSeveralModelsWaitForEachOther()
    {
        using ReconstructionCampaign campaign = ReconstructionCampaign.Open([Mini, Mini], [ReconstructionMethod.DirectAscent]);
        AttackTarget first = new() { Name = "cluster 1", Vectors = [new ReconstructionTarget([1f])], ClusterId = 1, Modality = Modality.Image };
        AttackTarget second = first with { Vectors = [new ReconstructionTarget([2f])] };
        Assert.Null(campaign.Take(first));
        Assert.Null(campaign.Take(second));
        Assert.Null(campaign.Take(first with { ClusterId = 2 }));
        Assert.Equal([2, 1], campaign.Waiting.Select(group => group.Count));
        Assert.Equal([0, 1], campaign.Join(campaign.Waiting[0]).Vectors.Select(vector => vector.Encoder));
        foreach (AttackTarget[] group in new AttackTarget[][] { [first], [first, first, first] })
        {
            QosValuationException refused = Assert.Throws<QosValuationException>(() => campaign.Join(group));
            Assert.Equal("AttackTargetInvalid", refused.ErrorId);
        }
    }

    [Fact]
    public void AReleaseGoesWithTheModelThatItNamesInAnyOrder()
    {
        ClipModelFiles small = ClipModelCatalog.List().Single(model => model.Name == "clip-small");
        using ReconstructionCampaign campaign = ReconstructionCampaign.Open([Mini, small], [ReconstructionMethod.DirectAscent]);
        AttackTarget mini = new() { Name = "cluster 1", Vectors = [new ReconstructionTarget([1f])], ClusterId = 1, Model = "clip-mini" };
        AttackTarget other = mini with { Vectors = [new ReconstructionTarget([2f])], Model = "CLIP-SMALL" };
        foreach (AttackTarget[] group in new AttackTarget[][] { [mini, other], [other, mini], [mini with { Model = string.Empty }, other] })
        {
            ReconstructionTarget[] joined = [.. campaign.Join(group).Vectors];
            Assert.Equal([0, 1], joined.Select(vector => vector.Encoder));
            Assert.Equal([1f, 2f], joined.Select(vector => vector.Vector[0]));
        }

        Assert.False(campaign.IsOfAnotherModel(other));
        Assert.False(campaign.IsOfAnotherModel(mini with { Model = string.Empty }));
        Assert.True(campaign.IsOfAnotherModel(mini with { Model = "ViT-B-32" }));
    }

    [Fact]
    public void ProgressCountsTheStepsOfAllTargetsAndPicturesAreWritten()
    {
        using var folder = new TemporaryFolder();
        ReconstructionMethod[] methods = [ReconstructionMethod.DirectAscent, ReconstructionMethod.Adam];
        using ReconstructionCampaign campaign = ReconstructionCampaign.Open([Mini], methods);
        campaign.AddTexts(["a red circle"], [1]);
        campaign.Prepare(new AttackerOptions { Methods = methods, Ascent = new ReconstructionOptions { Steps = 2, Copies = 1 }, Restarts = 0 }, null, null);
        var album = new ReconstructionAlbum(folder.File("pictures"), methods, every: 1, replace: false);
        var done = new List<long>();
        for (int i = 0; i < 2; i++)
        {
            AttackTarget target = campaign.TargetOfTexts("a red circle");
            var paths = new Dictionary<ReconstructionMethod, string>(album.Plan(target));
            IReadOnlyList<Reconstruction> found = campaign.Attack(target, () => RandomSource.Create(1), album, paths, state =>
            {
                Assert.Equal(4, state.StepsOfTarget);
                done.Add(state.Done);
            });
            Assert.All(found, one => Assert.True(File.Exists(one.ImagePath) && File.Exists(one.FilmstripPath)));
        }

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], done);
        Assert.Equal(8, Directory.GetFiles(folder.File("pictures")).Length);
    }
}
