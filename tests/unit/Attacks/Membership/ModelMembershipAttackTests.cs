using QosValuation.Attacks.Membership;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Learners;

namespace QosValuation.Tests;

public sealed class ModelMembershipAttackTests
{
    [Fact]
    public void AModelThatLearnsByHeartIsSeenThroughAndNoiseHidesItsRecords()
    {
        // Labels are drawn: what a model knows of them it has learnt by heart. Of ten classes few are guessed by luck.
        ILearner learner = DenseLearnerTests.Make([30, 40, 10]);
        LabelledRows rows = DenseLearnerTests.Random(120, 30, 10, 1);
        var options = new ModelMembershipOptions
        {
            Training = new LocalTrainingOptions { Steps = 150, LearningRate = 0.1, BatchSize = 20 }, Targets = 6, Shadows = 24, Seed = 1,
        };
        IReadOnlyList<ModelMembershipInference> plain = ModelMembershipAttack.Run(learner, rows, options);
        Assert.Equal([MembershipAttack.LikelihoodRatio, MembershipAttack.Loss], plain.Select(result => result.Attack));
        Assert.All(plain, result =>
        {
            Assert.InRange(result.Auc, 0.9, 1);
            Assert.InRange(result.Advantage, 0.6, 1);
            Assert.InRange(result.EpsilonLowerBound, 1, 20);
            Assert.InRange(result.MemberAccuracy, 0.98, 1);
            Assert.InRange(result.OtherAccuracy, 0.04, 0.16);
            Assert.Equal((120, 6, 24, 0.0, true), (result.Records, result.Targets, result.Shadows, result.NoiseMultiplier, double.IsNaN(result.Epsilon)));
        });

        IReadOnlyList<ModelMembershipInference> hidden = ModelMembershipAttack.Run(learner, rows, options with { Epsilon = 0.5, Delta = 1e-5 });
        Assert.All(hidden, result =>
        {
            Assert.InRange(result.Auc, 0.5 - (5 * result.AucStandardError), 0.56 + (5 * result.AucStandardError));
            Assert.InRange(result.EpsilonLowerBound, 0, 0.5);
            Assert.True(result.NoiseMultiplier > 1);
            Assert.Equal(0.5, result.Epsilon);
        });
    }

    [Fact]
    public void ThreadsDoNotChangeTheFigures()
    {
        ILearner learner = DenseLearnerTests.Make([5, 3]);
        LabelledRows rows = DenseLearnerTests.Random(40, 5, 3, 2);
        var options = new ModelMembershipOptions { Training = new LocalTrainingOptions { Steps = 30 }, Targets = 2, Shadows = 8, Seed = 3 };
        Assert.Equal(
            ModelMembershipAttack.Run(learner, rows, options, maximumThreads: 1),
            ModelMembershipAttack.Run(learner, rows, options, maximumThreads: 5));
    }

    [Fact]
    public void ATrainingThatTellsNothingProvesNothing()
    {
        // One step that hardly moves: members and others look alike.
        ILearner learner = DenseLearnerTests.Make([5, 3]);
        LabelledRows rows = DenseLearnerTests.Random(100, 5, 3, 4);
        var options = new ModelMembershipOptions { Training = new LocalTrainingOptions { Steps = 1, LearningRate = 1e-12 }, Targets = 4, Shadows = 8, Seed = 5 };
        Assert.All(ModelMembershipAttack.Run(learner, rows, options), result =>
        {
            Assert.InRange(result.Auc, 0.5 - (5 * result.AucStandardError), 0.5 + (5 * result.AucStandardError));
            Assert.Equal(0, result.EpsilonLowerBound);
        });
    }

    [Fact]
    public void TheBoundOfGuessesIsRarelyAboveTheTruth()
    {
        // The best guesser of randomised response is right with e^ε/(1 + e^ε): its bound may lie above ε in a twentieth of the cases.
        RandomSource random = RandomSource.Create(6);
        const double Epsilon = 1;
        double right = Math.Exp(Epsilon) / (1 + Math.Exp(Epsilon));
        int above = 0;
        double sum = 0;
        for (int trial = 0; trial < 400; trial++)
        {
            int guessed = Enumerable.Range(0, 500).Count(_ => random.NextDouble() < right);
            double bound = ModelMembershipAttack.BoundOfGuesses(guessed, 500, 500, 0, 0.05);
            above += bound > Epsilon ? 1 : 0;
            sum += bound;
        }

        Assert.InRange(above, 2, 36);
        Assert.InRange(sum / 400, 0.7, 0.95);

        // By hand: 10 of 10 prove p ≥ 0.05^(1/10) = 0.7411.
        Assert.Equal(Math.Log(0.7411344 / (1 - 0.7411344)), ModelMembershipAttack.BoundOfGuesses(10, 10, 10, 0, 0.05), 1e-4);
        Assert.Equal(0, ModelMembershipAttack.BoundOfGuesses(5, 10, 10, 0, 0.05));
        Assert.Equal(0, ModelMembershipAttack.BoundOfGuesses(10, 10, 10_000, 1e-5, 0.05));
        Assert.True(ModelMembershipAttack.BoundOfGuesses(90, 100, 100, 1e-5, 0.05) < ModelMembershipAttack.BoundOfGuesses(90, 100, 100, 0, 0.05));
    }

    [Fact]
    public void WhatCannotBeAttackedIsRefused()
    {
        ILearner learner = DenseLearnerTests.Make([3, 2]);
        LabelledRows rows = DenseLearnerTests.Random(30, 3, 2, 1);
        string Refusal(ModelMembershipOptions options) => Assert.Throws<QosValuationException>(() => ModelMembershipAttack.Run(learner, rows, options)).ErrorId;
        Assert.Equal("AttackNotValid", Refusal(new ModelMembershipOptions { Attacks = [MembershipAttack.Cosine] }));
        Assert.Equal("AttackNotValid", Refusal(new ModelMembershipOptions { Shadows = 3 }));
        Assert.Equal("AttackNotValid", Refusal(new ModelMembershipOptions { FalsePositiveRate = 1 }));
        Assert.Equal("DeltaOutOfRange", Refusal(new ModelMembershipOptions { Delta = 0 }));
        Assert.Equal("EpsilonOutOfRange", Refusal(new ModelMembershipOptions { Epsilon = -1 }));
        Assert.Equal("TooFewRecords", Assert.Throws<QosValuationException>(() =>
            ModelMembershipAttack.Run(learner, DenseLearnerTests.Random(19, 3, 2, 1), new ModelMembershipOptions())).ErrorId);
        Assert.Equal("AttackNotValid", Assert.Throws<QosValuationException>(() =>
            new MembershipInferenceAttack(new MembershipInferenceOptions { Attacks = [MembershipAttack.Loss] })).ErrorId);
    }
}
