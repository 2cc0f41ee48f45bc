"""Exact kNN-Shapley values (Jia et al. 2019) in plain NumPy, as its users write it: a matrix product, an argsort and the recursion of all
test points together. usage: python3 knn_shapley.py FOLDER K   (train.npy, train_labels.npy, test.npy, test_labels.npy)
Reads lines from standard input; for each line computes everything once, writes FOLDER/peer.npy and prints the seconds by the clock
and of processor time.
"""
import sys
import time

import numpy as np

folder, k = sys.argv[1], int(sys.argv[2])
train, labels, test, wanted = (np.load(f"{folder}/{name}.npy") for name in ("train", "train_labels", "test", "test_labels"))


def values():
    n = len(train)
    squares = (train * train).sum(1)[None, :] - 2 * (test @ train.T)
    order = np.argsort(squares, axis=1, kind="stable")
    match = (labels[order] == wanted[:, None]).astype(np.float64)
    i = np.arange(1, n)
    steps = (match[:, :-1] - match[:, 1:]) / k * np.minimum(k, i) / i
    last = match[:, -1:] * min(k, n) / (k * n)
    ranked = np.concatenate([steps, last], axis=1)[:, ::-1].cumsum(1)[:, ::-1]
    total = np.zeros((len(test), n))
    np.put_along_axis(total, order, ranked, axis=1)
    return total.mean(0)


print("ready", flush=True)
for _ in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    found = values()
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    np.save(f"{folder}/peer.npy", found)
    print(seconds, processor, flush=True)
