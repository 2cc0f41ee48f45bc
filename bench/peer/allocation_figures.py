"""Figures 4 and 5 in vectorised NumPy: rounds as rows, agents as columns. usage: python3 allocation_figures.py FOLDER ROUNDS
Reads lines from standard input; for each line simulates all points of both figures by Proposed, Random and RoundRobin, writes the mean, standard
error and 5, 50 and 95 % quantiles of Jain's index and the Gini coefficient to FOLDER/figures.npy (points, schemes, 2, 5), and prints the
seconds by the clock and of processor time.
"""
import os
import sys
import time

# Before the library is loaded that reads it: threads that wait for products would count as its time.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

folder, rounds = sys.argv[1], int(sys.argv[2])
supply, capacity = 1000, 4
points = [(500, a) for a in (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 2, 5, 10)] + [(n, 0.5) for n in (100, 200, 300, 400, 500, 750, 1000, 1500, 2000)]


def measures(tokens, values):
    n = values.shape[1]
    rates = tokens / values
    rates /= rates.max(axis=1, keepdims=True)
    total = rates.sum(axis=1)
    jain = total * total / (n * np.einsum("ij,ij->i", rates, rates))
    rates.sort(axis=1)
    gini = rates @ (2 * np.arange(1, n + 1) - n - 1) / (n * total)
    return jain, gini


def point(n, alpha, rng):
    # Blocks of rounds that fit the processor's cache: faster than all rounds at once.
    block = max(1, 100_000 // n)
    samples = np.empty((3, 2, rounds))
    for start in range(0, rounds, block):
        rows = min(block, rounds - start)
        values = rng.standard_gamma(alpha, (rows, n))
        values /= values.sum(axis=1, keepdims=True)
        np.maximum(values, 1e-300, out=values)
        proposed = np.minimum(supply * values / values.sum(axis=1, keepdims=True), capacity)
        drawn = rng.multinomial(supply, np.full(n, 1 / n), size=rows)
        turns = np.minimum(supply // n + (np.arange(n) < supply % n), capacity)
        for scheme, tokens in enumerate((proposed, drawn, turns)):
            samples[scheme, :, start:start + rows] = measures(tokens, values)
    low, middle, high = np.quantile(samples, (0.05, 0.5, 0.95), axis=2)
    return np.stack([samples.mean(axis=2), samples.std(axis=2, ddof=1) / np.sqrt(rounds), low, middle, high], axis=2)


def figures(rng):
    return np.stack([point(n, alpha, rng) for n, alpha in points])


rng = np.random.Generator(np.random.SFC64(1))
print("ready", flush=True)
for _ in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    found = figures(rng)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    np.save(f"{folder}/figures.npy", found)
    print(seconds, processor, flush=True)
