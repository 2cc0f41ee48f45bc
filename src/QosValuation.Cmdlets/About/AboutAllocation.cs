namespace QosValuation.Cmdlets.About;

/// <summary>How tokens are divided by the value of data, and how the division is judged.</summary>
/// <remarks>
/// <para>BUCKETS. An agent has a token bucket: the capacity B and the R tokens that remain in it. A grant u fills at most the room, 0 ≤ u ≤ B − R
/// (paper, Eq. 13), and all grants together never exceed the supply V. A full bucket receives nothing: who does not spend does not earn.</para>
/// <para>THE PROPOSED SCHEME. u = min(v/Σv·V, B − R) (paper, Eq. 15): the share of the supply that the agent's data value is of all values, cut
/// to its room. What the cut leaves stays unspent, which keeps reward rates alike.</para>
/// <code>
/// $values = foreach ($value in 1, 2, 5) { [pscustomobject]@{ Agent = "agent-$value"; Value = $value } }
/// $values | Invoke-TokenAllocation -Supply 8 -Capacity 4 | Measure-Fairness
/// </code>
/// <para>OTHER SCHEMES. WaterFilling shares what the cuts leave among those with room. Random, RoundRobin and MaxMin are the paper's benchmarks
/// and do not look at values. MaxWelfare fills buckets by descending value. Vtc deals token by token to the agent with the least service per
/// value. Optimal finds the most welfare within bounds on Jain's index and the Gini coefficient, and proves how close it came;
/// Get-FairnessFrontier traces what such bounds cost.</para>
/// <para>READING THE INDICES. The reward rate is r = u/v. Jain's index is 1 where all rates are equal; 0.9 is as even as 90 % of the agents with
/// one rate and the others with nothing. The Gini coefficient is 0 where all rates are equal; at 0.2 two agents differ by 40 % of the mean rate
/// on average. Both ignore how much is given: look at Allocated and SocialWelfare beside them.</para>
/// <para>OVER TIME. Invoke-QosSimulation lets agents spend: requests arrive, wait and are served, and buckets are refilled by each scheme. It
/// shows what fairness costs in service (Eq. 15 leaves supply idle where buckets are small), and what hoarding, flooding or posing as several
/// agents gains.</para>
/// <para>FIGURES. Invoke-AllocationSimulation averages fairness over rounds with values drawn from a Dirichlet distribution: the paper's Figs. 4 and 5.</para>
/// </remarks>
/// <seealso>Invoke-TokenAllocation</seealso>
/// <seealso>Measure-Fairness</seealso>
/// <seealso>Get-FairnessFrontier</seealso>
/// <seealso>Invoke-AllocationSimulation</seealso>
/// <seealso>Invoke-QosSimulation</seealso>
[AboutTopic("about_QosValuation_Allocation")]
internal static class AboutAllocation;
