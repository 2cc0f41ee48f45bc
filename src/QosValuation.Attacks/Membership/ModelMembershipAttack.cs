using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Learners;

namespace QosValuation.Attacks.Membership;

/// <summary>Membership inference against trained models: an attacker holds a model and records, and asks which of them it was trained on.</summary>
/// <remarks>
/// <para>Every model is trained on the records that a fair coin of its own puts into its training data. The attacker trains shadow models in the same way.
/// LikelihoodRatio is LiRA (Carlini et al., IEEE S&amp;P 2022): of each record it looks at ln(p/(1 − p)), p the probability that a model gives to the
/// record's class, fits a normal distribution to that of the shadow models with the record and one to that of those without it, and scores
/// a target by the ratio of the two densities; with fewer than 64 shadow models all share one deviation, as that paper advises.
/// Loss scores by −(the record's loss), the same threshold for all (Yeom et al. 2018).</para>
/// <para>The bound on ε is that of one run (Steinke, Nasr and Jagielski, NeurIPS 2023, theorem 5.2): of r guesses about independent fair coins an
/// (ε, δ)-private training lets an attacker get at most Binomial(r, e^ε/(1 + e^ε)) right, but for a probability of 2·m·δ·(the largest probability of the
/// binomial), m coins in all. The highest and the lowest scores are guessed in and out; all, a tenth and a hundredth of them are tried, each
/// with a third of the error. Shadow models are not attacked, so that targets are independent given what the attacker knows.</para>
/// <para>O((targets + shadows)·(steps·batch + records)·parameters), on all cores. Models have random streams of their own: the same seed gives the same
/// figures for any number of threads.</para>
/// </remarks>
public static class ModelMembershipAttack
{
    private const double LeastDeviation = 1e-3;
    private const int EnoughShadows = 64;
    private static readonly double[] GuessedParts = [1, 0.1, 0.01];

    /// <summary>Trains models and attacks them.</summary>
    /// <param name="learner">The learner.</param>
    /// <param name="rows">The records, at least 20.</param>
    /// <param name="options">The training, the attacks and the numbers of models.</param>
    /// <param name="progress">Told the models trained, on worker threads.</param>
    /// <param name="maximumThreads">How many threads to use; −1 for one a core. It does not change the results.</param>
    /// <param name="cancellationToken">Stops the attack.</param>
    /// <returns>A result for each attack.</returns>
    /// <exception cref="QosValuationException"><c>AttackNotValid</c>, <c>TooFewRecords</c>.</exception>
    public static IReadOnlyList<ModelMembershipInference> Run(
        ILearner learner,
        LabelledRows rows,
        ModelMembershipOptions options,
        IProgress<int>? progress = null,
        int maximumThreads = -1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(learner);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(options);
        Validate(rows, options);
        LocalTrainingOptions training = options.Training with { Privacy = null };
        if (!double.IsNaN(options.Epsilon))
        {
            // Steps draw batch/members of the members: the noise is calibrated for fewer members than the coins leave to any model (six deviations
            // below the half), so that ε holds for all of them.
            int members = Math.Max(1, (int)((rows.Count / 2.0) - (3 * Math.Sqrt(rows.Count))));
            training = training with
            {
                Privacy = PrivateTraining.Calibrate(options.Epsilon, options.Delta, members, training.BatchSize, training.Steps) with { Clip = options.Clip },
            };
        }

        int models = options.Targets + options.Shadows;
        var trained = new Trained[models];
        int done = 0;
        Parallel.For(0, models, new ParallelOptions { MaxDegreeOfParallelism = maximumThreads, CancellationToken = cancellationToken }, model =>
        {
            RandomSource random = RandomSource.Create(options.Seed, RandomStreams.Mix(0x4D4941, (ulong)model));
            trained[model] = Train(learner, rows, training, random, cancellationToken);
            progress?.Report(Interlocked.Increment(ref done));
        });
        return [.. options.Attacks.Select(attack => Attack(attack, learner, rows, options, training.Privacy, trained))];
    }

    /// <summary>The lower bound on ε from guesses about independent fair coins (Steinke, Nasr and Jagielski 2023, theorem 5.2). O(√guesses) at most.</summary>
    /// <param name="right">The guesses that were right.</param>
    /// <param name="guesses">The guesses, at least 1, chosen without regard to the coins.</param>
    /// <param name="coins">All coins, those included about which nothing was guessed.</param>
    /// <param name="delta">δ in [0, 1).</param>
    /// <param name="error">The probability of the bound lying above the truth, in (0, 1).</param>
    /// <returns>ε ≥ 0; 0 where nothing is proven.</returns>
    public static double BoundOfGuesses(long right, long guesses, long coins, double delta, double error)
    {
        double part = (double)right / guesses;

        // The largest probability of a binomial is at most 1/√(2e·r·p(1 − p)), and p(1 − p) is least at the part found.
        double largest = Math.Min(1, 1 / Math.Sqrt(2 * Math.E * guesses * part * (1 - part)));
        double left = error - (2 * coins * delta * largest);
        if (part <= 0.5 || left <= 0)
        {
            return 0;
        }

        double lower = BinomialBound.Lower(right, guesses, left);
        return lower <= 0.5 ? 0 : Math.Log(lower / (1 - lower));
    }

    private static Trained Train(
        ILearner learner, LabelledRows rows, LocalTrainingOptions training, RandomSource random, CancellationToken cancellationToken)
    {
        bool[] members = new bool[rows.Count];
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = (random.NextUInt64() >> 63) == 1;
        }

        int[] chosen = [.. Enumerable.Range(0, members.Length).Where(i => members[i])];
        float[] parameters = new float[learner.ParameterCount];
        learner.Initialize(parameters, random);
        ILearnerWorker worker = learner.CreateWorker();
        if (chosen.Length > 0)
        {
            LocalTraining.Run(learner, parameters, rows.Select(chosen), training, null, random, worker: worker, cancellationToken: cancellationToken);
        }

        float[] scores = new float[rows.Count * learner.Classes];
        worker.Scores(parameters, rows, 0, scores, cancellationToken);
        double[] losses = new double[rows.Count];
        double[] margins = new double[rows.Count];
        bool[] isRight = new bool[rows.Count];
        for (int i = 0; i < losses.Length; i++)
        {
            ReadOnlySpan<float> row = scores.AsSpan(i * learner.Classes, learner.Classes);
            int label = rows.Labels[i];
            double own = row[label];
            double most = double.NegativeInfinity;
            for (int c = 0; c < row.Length; c++)
            {
                most = c == label ? most : Math.Max(most, row[c]);
            }

            // ln Σ e^score over the other classes; ln(p/(1 − p)) is what the own class is above it.
            double others = 0;
            for (int c = 0; c < row.Length; c++)
            {
                others += c == label ? 0 : Math.Exp(row[c] - most);
            }

            margins[i] = row.Length == 1 ? 0 : own - most - Math.Log(others);
            losses[i] = margins[i] > 0 ? NormalTail.LogOnePlus(Math.Exp(-margins[i])) : NormalTail.LogOnePlus(Math.Exp(margins[i])) - margins[i];
            isRight[i] = own > most;
        }

        return new Trained(members, losses, margins, isRight);
    }

    private static ModelMembershipInference Attack(
        MembershipAttack attack, ILearner learner, LabelledRows rows, ModelMembershipOptions options, PrivateTraining? privacy, Trained[] trained)
    {
        Trained[] targets = trained[..options.Targets];
        Trained[] shadows = trained[options.Targets..];
        var member = new List<double>();
        var other = new List<double>();
        double shared = shadows.Length < EnoughShadows ? SharedDeviation(shadows, rows.Count) : double.NaN;
        for (int i = 0; i < rows.Count; i++)
        {
            Fit with = Fit.Of(Margins(shadows, i, ofMembers: true), shared);
            Fit without = Fit.Of(Margins(shadows, i, ofMembers: false), shared);
            foreach (Trained target in targets)
            {
                double score = attack == MembershipAttack.Loss ? -target.Losses[i] : with.LogDensity(target.Margins[i]) - without.LogDensity(target.Margins[i]);
                (target.Members[i] ? member : other).Add(score);
            }
        }

        var curve = new RocCurve([.. member], [.. other]);
        (double auc, double aucError) = curve.Auc();
        (double rate, double rateError) = curve.TruePositiveRate(options.FalsePositiveRate);
        (double advantage, double advantageError) = curve.CrossValidatedAdvantage();
        return new ModelMembershipInference
        {
            Learner = learner.Name,
            Attack = attack,
            Epsilon = options.Epsilon,
            Delta = options.Delta,
            NoiseMultiplier = privacy?.NoiseMultiplier ?? 0,
            Records = rows.Count,
            Targets = targets.Length,
            Shadows = shadows.Length,
            Auc = auc,
            AucStandardError = aucError,
            FalsePositiveRate = options.FalsePositiveRate,
            TruePositiveRate = rate,
            TruePositiveRateStandardError = rateError,
            Advantage = advantage,
            AdvantageStandardError = advantageError,
            EpsilonLowerBound = Bound([.. member], [.. other], options),
            Confidence = options.Confidence,
            MemberAccuracy = Accuracy(targets, ofMembers: true),
            OtherAccuracy = Accuracy(targets, ofMembers: false),
        };
    }

    private static double[] Margins(Trained[] shadows, int record, bool ofMembers) =>
        [.. shadows.Where(shadow => shadow.Members[record] == ofMembers).Select(shadow => shadow.Margins[record])];

    // The deviation of a few values is too uncertain: then all records share one, with and without them.
    private static double SharedDeviation(Trained[] shadows, int records)
    {
        double squares = 0;
        long freedom = 0;
        for (int i = 0; i < records; i++)
        {
            foreach (bool ofMembers in new[] { true, false })
            {
                double[] margins = Margins(shadows, i, ofMembers);
                double mean = Fit.Of(margins, double.NaN).Mean;
                squares += margins.Sum(margin => (margin - mean) * (margin - mean));
                freedom += Math.Max(0, margins.Length - 1);
            }
        }

        return freedom == 0 ? 1 : Math.Max(LeastDeviation, Math.Sqrt(squares / freedom));
    }

    private static double Bound(double[] member, double[] other, ModelMembershipOptions options)
    {
        (double Score, bool IsMember)[] all = [.. member.Select(score => (score, true)), .. other.Select(score => (score, false))];

        // Equal scores must not be put in the order of what is to be guessed.
        Array.Sort(all, (a, b) => a.Score.CompareTo(b.Score));
        double best = 0;
        foreach (double part in GuessedParts)
        {
            int side = Math.Max(1, (int)(all.Length * part / 2));
            (int below, int above) = (Whole(all, side, fromTop: false), Whole(all, side, fromTop: true));
            if (below + above == 0)
            {
                continue;
            }

            long right = all.Take(below).Count(guess => !guess.IsMember) + all.TakeLast(above).Count(guess => guess.IsMember);
            best = Math.Max(best, BoundOfGuesses(right, below + above, all.Length, options.Delta, (1 - options.Confidence) / GuessedParts.Length));
        }

        return best;
    }

    // As many guesses from one end as end before a run of equal scores.
    private static int Whole((double Score, bool IsMember)[] all, int count, bool fromTop)
    {
        int Place(int i) => fromTop ? all.Length - 1 - i : i;
        while (count > 0 && count < all.Length && all[Place(count - 1)].Score == all[Place(count)].Score)
        {
            count--;
        }

        return count;
    }

    private static double Accuracy(Trained[] models, bool ofMembers)
    {
        long right = 0;
        long count = 0;
        foreach (Trained model in models)
        {
            for (int i = 0; i < model.Members.Length; i++)
            {
                if (model.Members[i] == ofMembers)
                {
                    count++;
                    right += model.IsRight[i] ? 1 : 0;
                }
            }
        }

        return (double)right / count;
    }

    private static void Validate(LabelledRows rows, ModelMembershipOptions options)
    {
        if (rows.Count < 20)
        {
            throw new QosValuationException(
                Faults.TooFewRecords, $"{rows.Count} labelled records are too few to attack a model by; give at least 20.", rows.Count);
        }

        Require(options.Targets >= 1, $"{options.Targets} models are attacked; give at least 1.", options.Targets);
        Require(options.Shadows >= 4, $"The attacker trains {options.Shadows} models; give at least 4, better 64.", options.Shadows);
        Require(options.Training.Steps >= 1, $"A training takes {options.Training.Steps} steps; give at least 1.", options.Training.Steps);
        Require(
            options.FalsePositiveRate is > 0 and < 1,
            $"The false-positive rate is {options.FalsePositiveRate}; give a number between 0 and 1, both excluded (0.001 is usual).",
            options.FalsePositiveRate);
        Require(
            options.Attacks.Count > 0 && options.Attacks.All(attack => attack != MembershipAttack.Cosine),
            "A trained model is attacked by LikelihoodRatio or Loss; Cosine compares with prototypes.",
            options.Attacks);
        Privacy.Mechanisms.GaussianCalibration.RequireDelta(options.Delta);
    }

    private static void Require(bool holds, string message, object subject)
    {
        if (!holds)
        {
            throw new QosValuationException(Faults.AttackNotValid, message, subject);
        }
    }

    /// <summary>A model: who was in its training data, and what it says of each record.</summary>
    private sealed record Trained(bool[] Members, double[] Losses, double[] Margins, bool[] IsRight);

    /// <summary>A normal distribution. Its middle is the median, as in the authors' code: one shadow model that diverged would move a mean far away.</summary>
    private readonly record struct Fit(double Mean, double Deviation)
    {
        public static Fit Of(double[] all, double deviation)
        {
            double mean = Median(all);
            if (!double.IsNaN(deviation))
            {
                return new Fit(mean, deviation);
            }

            return new Fit(mean, all.Length < 2 ? 1 : Math.Max(LeastDeviation, Math.Sqrt(all.Sum(x => (x - mean) * (x - mean)) / (all.Length - 1))));
        }

        private static double Median(double[] values)
        {
            double[] sorted = [.. values.Order()];
            int half = sorted.Length / 2;
            return sorted.Length == 0 ? 0 : sorted.Length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
        }

        public double LogDensity(double x) => NormalTail.LogDensity((x - Mean) / Deviation) - Math.Log(Deviation);
    }
}
