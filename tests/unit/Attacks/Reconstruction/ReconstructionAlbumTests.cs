using QosValuation.Attacks.Reconstruction;

namespace QosValuation.Tests;

public sealed class ReconstructionAlbumTests
{
    private static readonly AttackTarget Cluster = new()
    {
        Name = "cluster 7 image",
        Vectors = [new ReconstructionTarget([1f])],
        ClusterId = 7,
        Modality = Modality.Image,
    };

    [Fact]
    public void FilesAreNamedAfterTargetsAndOfSeveralAttackersAfterThemToo()
    {
        var one = new ReconstructionAlbum("folder", [ReconstructionMethod.Adam], null, replace: false);
        Assert.Equal([Path.Combine("folder", "cluster-007-image")], one.Plan(Cluster).Select(picture => picture.Value));
        Assert.Equal([Path.Combine("folder", "cluster-007-image-2")], one.Plan(Cluster).Select(picture => picture.Value));
        var embedding = new AttackTarget { Name = "/photos/a dog.jpg", Vectors = Cluster.Vectors, Item = "1", Modality = Modality.Image };
        Assert.Equal([Path.Combine("folder", "a-dog")], one.Plan(embedding).Select(picture => picture.Value));
        Assert.Equal([Path.Combine("folder", "target")], one.Plan(embedding with { Name = "…", Item = null }).Select(picture => picture.Value));

        ReconstructionMethod[] methods = [ReconstructionMethod.DirectAscent, ReconstructionMethod.TextInversion, ReconstructionMethod.NearestEmbedding];
        var several = new ReconstructionAlbum("folder", methods, null, replace: false);
        Assert.Equal(
            [Path.Combine("folder", "cluster-007-image-directascent"), Path.Combine("folder", "cluster-007-image-nearestembedding")],
            several.Plan(Cluster).Select(picture => picture.Value));
    }

    [Theory]
    [InlineData("cluster-007-image.png")]
    [InlineData("cluster-007-image-steps.png")]
    public void WhatStandsThereIsKeptUnlessItMayBeReplaced(string name)
    {
        using var folder = new TemporaryFolder();
        string file = folder.File(name);
        File.WriteAllText(file, string.Empty);
        string place = Path.GetDirectoryName(file)!;
        var careful = new ReconstructionAlbum(place, [ReconstructionMethod.Adam], null, replace: false);
        QosValuationException taken = Assert.Throws<QosValuationException>(() => careful.Plan(Cluster).ToList());
        Assert.Equal(("ImageExists", (object)file), (taken.ErrorId, taken.Subject));
        Assert.Single(new ReconstructionAlbum(place, [ReconstructionMethod.Adam], null, replace: true).Plan(Cluster));
    }
}
