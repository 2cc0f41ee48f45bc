"""scikit-learn's k-means (Lloyd, k-means++) on unit vectors. usage: python3 kmeans.py FOLDER DIMENSION CLUSTERS ITERATIONS THREADS
Reads vectors.f32 (rows of DIMENSION floats) in FOLDER. Reads lines from standard input; for each line clusters once, writes the sum of the cosines of
all vectors to the mean of their cluster to objective.f64 and prints the seconds by the clock and of processor time.
"""
import os
import sys
import time

# Before the libraries are loaded that read them.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = sys.argv[5]

import numpy as np
from sklearn.cluster import KMeans

folder, dimension, clusters, iterations = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
vectors = np.fromfile(f"{folder}/vectors.f32", dtype="<f4").reshape(-1, dimension)
print("ready", flush=True)
for _ in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    found = KMeans(clusters, init="k-means++", n_init=1, max_iter=iterations, tol=0, algorithm="lloyd", random_state=1).fit(vectors)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    sums = np.zeros((clusters, dimension))
    np.add.at(sums, found.labels_, vectors)
    np.array([np.linalg.norm(sums, axis=1).sum()]).astype("<f8").tofile(f"{folder}/objective.f64")
    print(seconds, processor, flush=True)
