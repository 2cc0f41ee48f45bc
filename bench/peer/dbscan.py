"""scikit-learn's DBSCAN on unit vectors by cosine. usage: python3 dbscan.py FOLDER DIMENSION SIMILARITY MINIMUM-POINTS THREADS
Reads vectors.f32 (rows of DIMENSION floats) in FOLDER. Reads lines from standard input; for each line clusters once, writes the labels to labels.i32
and prints the seconds by the clock and of processor time.
"""
import os
import sys
import time

# Before the library is loaded that reads it.
os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[5]

import numpy as np
from sklearn.cluster import DBSCAN

folder, dimension, similarity, points, threads = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
vectors = np.fromfile(f"{folder}/vectors.f32", dtype="<f4").reshape(-1, dimension)
print("ready", flush=True)
for _ in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    labels = DBSCAN(eps=1 - similarity, min_samples=points, metric="cosine", n_jobs=threads).fit_predict(vectors)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    labels.astype("<i4").tofile(f"{folder}/labels.i32")
    print(seconds, processor, flush=True)
