"""All payments of an auction in NumPy: prefix sums, a vectorised binary search for the crossing of money left and next density, and one price
per value. usage: python3 auction.py FOLDER BUDGET   (cost.npy, quality.npy, utility.npy)
Reads names of mechanisms from standard input; for each computes all payments, writes FOLDER/NAME.npy and prints the seconds by the clock and of
processor time.
"""
import sys
import time

import numpy as np

c, q, phi = (np.load(f"{sys.argv[1]}/{name}.npy") for name in ("cost", "quality", "utility"))
B = float(sys.argv[2])

def ordered():
    v = q * phi
    psi = c / v
    order = np.argsort(psi, kind="stable")
    return v[order], c[order], psi[order], order

def qmia():
    v, cost, psi, order = ordered()
    n = len(cost)
    total = np.cumsum(cost)
    k = int(np.searchsorted(total, B, side="right"))
    nxt = np.append(psi[1:], np.inf)
    lo = np.arange(k)
    hi = np.full(k, n - 1)
    while (lo < hi).any():
        mid = (lo + hi) // 2
        crossed = B - (total[mid] - cost[:k]) <= v[:k] * nxt[mid]
        hi = np.where(crossed, mid, hi)
        lo = np.where(crossed, lo, np.minimum(mid + 1, hi))
    first = np.arange(k)
    best = np.minimum(B - (total[lo] - cost[:k]), v[:k] * nxt[lo])
    before = np.maximum(lo - 1, first)
    best = np.maximum(best, np.minimum(B - (total[before] - cost[:k]), v[:k] * nxt[before]))
    p = np.zeros(n)
    p[order[:k]] = np.maximum(best, cost[:k])
    return p

def share():
    v, cost, psi, order = ordered()
    value = np.cumsum(v)
    fails = np.flatnonzero(cost > B * v / value)
    k = int(fails[0]) if len(fails) else len(cost)
    price = min(B / value[k - 1], psi[k] if k < len(cost) else np.inf)
    p = np.zeros(len(cost))
    p[order[:k]] = price * v[:k]
    return p

print("ready", flush=True)
for line in sys.stdin:
    name = line.strip()
    start, used = time.perf_counter(), time.process_time()
    p = qmia() if name == "QMia" else share()
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    np.save(f"{sys.argv[1]}/{name}.npy", p)
    print(seconds, processor, flush=True)
