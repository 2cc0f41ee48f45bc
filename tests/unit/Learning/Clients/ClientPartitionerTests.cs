using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Clients;

namespace QosValuation.Tests;

public sealed class ClientPartitionerTests
{
    public static TheoryData<ClientPartitionKind> Kinds => [.. Enum.GetValues<ClientPartitionKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryRecordGoesToOnePlaceWhole(ClientPartitionKind kind)
    {
        for (int trial = 0; trial < 120; trial++)
        {
            var random = RandomSource.Create(trial);
            int clients = 1 + random.NextInt32(9);
            int classes = 2 + random.NextInt32(5);
            int rows = 150 + random.NextInt32(300);
            int[] records = [.. Enumerable.Range(0, rows).Select(row => row * 2 / 3)];
            int[] labels = [.. Enumerable.Range(0, rows).Select(_ => random.NextInt32(classes))];
            var options = new ClientPartitionOptions
            {
                Kind = kind,
                Count = clients,
                Clusters = 1 + random.NextInt32(clients),
                Beta = 0.05 + random.NextDouble(),
                MinimumSize = 1 + random.NextInt32(12),
                TestPart = trial % 3 == 0 ? 0 : 0.25,
                Seed = trial,
            };
            ClientPartition partition = ClientPartitioner.Split(labels, records, 4, options);
            int[] dealt = [.. partition.Train.SelectMany(own => own)];
            int[] all = [.. dealt.Concat(partition.Test).Order()];
            Assert.Equal(all.Distinct(), all);

            // Pathological gives away the classes of some client alone.
            if (kind != ClientPartitionKind.Pathological)
            {
                Assert.Equal(Enumerable.Range(0, rows), all);
                int left = dealt.Select(row => records[row]).Distinct().Count();
                Assert.All(partition.Train, own =>
                    Assert.True(own.Select(row => records[row]).Distinct().Count() >= Math.Min(options.MinimumSize, left / clients)));
            }

            int[][] places = [.. partition.Train.Append(partition.Test).Select(own => own.Select(row => records[row]).Distinct().ToArray())];
            Assert.Equal(places.Sum(place => place.Length), places.SelectMany(place => place).Distinct().Count());
            Assert.All(partition.Test, row => Assert.Equal(labels[row], partition.Labels[row]));
            if (kind != ClientPartitionKind.Noisy)
            {
                Assert.Equal(labels, partition.Labels);
            }

            ClientPartition again = ClientPartitioner.Split(labels, records, 4, options);
            Assert.Equal(partition.Train, again.Train);
            Assert.Equal(partition.Test, again.Test);
            Assert.Equal(options.HasClusters ? clients : 0, partition.Clusters.Count);
        }
    }

    [Fact]
    public void TheTestSetHasEveryClassInItsPart()
    {
        int[] labels = [.. Enumerable.Range(0, 1000).Select(i => i < 700 ? 0 : i < 990 ? 1 : i < 998 ? 2 : 3)];
        int[] test = Split(labels, new ClientPartitionOptions { Count = 5, TestPart = 0.2, Seed = 1 }).Test;
        int[] counts = [.. Enumerable.Range(0, 4).Select(c => test.Count(row => labels[row] == c))];
        Assert.Equal([140, 58, 2, 1], counts);
    }

    [Fact]
    public void IidIsEvenAndPathologicalHasItsClasses()
    {
        int[] labels = [.. Enumerable.Range(0, 1000).Select(i => i % 10)];
        Assert.All(Split(labels, new ClientPartitionOptions { Count = 8, TestPart = 0, Seed = 1 }).Train, own => Assert.Equal(125, own.Length));
        for (int count = 1; count <= 3; count++)
        {
            ClientPartition partition = Split(
                labels, new ClientPartitionOptions { Kind = ClientPartitionKind.Pathological, Count = 15, ClassesPerClient = count, Seed = count });
            Assert.All(partition.Train, own => Assert.Equal(count, own.Select(row => labels[row]).Distinct().Count()));
        }
    }

    [Fact]
    public void ASmallBetaSkewsAndALargeOneDoesNot()
    {
        int[] labels = [.. Enumerable.Range(0, 2000).Select(i => i % 10)];
        double Largest(ClientPartitionKind kind, double beta) => Split(labels, new ClientPartitionOptions { Kind = kind, Count = 10, Beta = beta, Seed = 3, Clusters = 3 })
            .Train.Average(own => own.GroupBy(row => labels[row]).Max(group => group.Count()) / (double)own.Length);
        Assert.True(Largest(ClientPartitionKind.Dirichlet, 0.1) > 0.4);
        Assert.True(Largest(ClientPartitionKind.Dirichlet, 1000) < 0.13);
        double Spread(double beta)
        {
            int[] sizes = [.. Split(labels, new ClientPartitionOptions { Kind = ClientPartitionKind.Quantity, Count = 10, Beta = beta, Seed = 3 }).Train.Select(own => own.Length)];
            return sizes.Max() / (double)sizes.Min();
        }

        Assert.True(Spread(0.5) > 3);
        Assert.True(Spread(10_000) < 1.2);

        // Clients of one cluster are alike, and those of different clusters are not.
        ClientPartition clustered = Split(labels, new ClientPartitionOptions { Kind = ClientPartitionKind.Cluster, Count = 9, Clusters = 3, Seed = 4 });
        Assert.Equal([0, 0, 0, 1, 1, 1, 2, 2, 2], clustered.Clusters);
        double[][] parts = [.. clustered.Train.Select(own => Enumerable.Range(0, 10).Select(c => own.Count(row => labels[row] == c) / (double)own.Length).ToArray())];
        double Apart(int i, int j) => parts[i].Zip(parts[j], (a, b) => Math.Abs(a - b)).Sum() / 2;
        double within = Pairs().Where(pair => pair.I / 3 == pair.J / 3).Average(pair => Apart(pair.I, pair.J));
        double between = Pairs().Where(pair => pair.I / 3 != pair.J / 3).Average(pair => Apart(pair.I, pair.J));
        Assert.True(within < 0.3 && between > 0.6, $"{within} and {between}");
        static IEnumerable<(int I, int J)> Pairs() => Enumerable.Range(0, 9).SelectMany(i => Enumerable.Range(0, i).Select(j => (i, j)));
    }

    [Fact]
    public void NoiseGrowsFromClientToClient()
    {
        int[] labels = [.. Enumerable.Range(0, 2200).Select(i => i % 4)];
        ClientPartition partition = Split(labels, new ClientPartitionOptions { Kind = ClientPartitionKind.Noisy, Count = 11, Strength = 0.5, TestPart = 0, Seed = 3 });
        for (int i = 0; i < 11; i++)
        {
            Assert.Equal(Math.Round(200 * 0.05 * i), partition.Train[i].Count(row => partition.Labels[row] != labels[row]));
        }
    }

    [Fact]
    public void DomainsMoveByTheStrength()
    {
        ClientPartition partition = Split([0, 1, 0, 1, 0, 1], new ClientPartitionOptions { Kind = ClientPartitionKind.FeatureShift, Count = 3, Clusters = 2, Strength = 0.7, TestPart = 0, Seed = 3 });
        Assert.Equal([0, 0, 1], partition.Clusters);
        Assert.Equal(2, partition.Shifts.Count);
        Assert.All(partition.Shifts, shift => Assert.Equal(0.7, Math.Sqrt(shift.Sum(part => (double)part * part)), 1e-6));
        Assert.NotEqual(partition.Shifts[0], partition.Shifts[1]);
    }

    [Fact]
    public void WhatCannotBeDividedIsExplained()
    {
        int[] labels = [.. Enumerable.Range(0, 20).Select(i => i % 2)];
        Fault Refused(ClientPartitionOptions options) => Assert.Throws<QosValuationException>(() => Split(labels, options)).Fault;
        Assert.Same(Faults.PartitionNotPossible, Refused(new ClientPartitionOptions { Count = 18 }));
        Assert.Same(Faults.PartitionNotPossible, Refused(new ClientPartitionOptions { Kind = ClientPartitionKind.Pathological, ClassesPerClient = 3, Count = 2 }));
        Assert.Same(Faults.PartitionNotPossible, Refused(new ClientPartitionOptions { Kind = ClientPartitionKind.Pathological, ClassesPerClient = 2, Count = 12 }));
        Assert.Same(Faults.PartitionOptionNotValid, Refused(new ClientPartitionOptions { Count = 0 }));
        Assert.Same(Faults.PartitionOptionNotValid, Refused(new ClientPartitionOptions { Beta = 0 }));
        Assert.Same(Faults.PartitionOptionNotValid, Refused(new ClientPartitionOptions { TestPart = 1 }));
        Assert.Same(Faults.PartitionOptionNotValid, Refused(new ClientPartitionOptions { Kind = ClientPartitionKind.Cluster, Count = 2 }));
        Assert.Same(Faults.PartitionOptionNotValid, Refused(new ClientPartitionOptions { Kind = ClientPartitionKind.Noisy, Strength = 2 }));
    }

    private static ClientPartition Split(int[] labels, ClientPartitionOptions options) =>
        ClientPartitioner.Split(labels, [.. Enumerable.Range(0, labels.Length)], 5, options);
}
