"""NumPy's argsort of a column. usage: python3 argsort.py FILE.npy
Reads lines from standard input; for each line sorts once and prints the seconds by the clock and of processor time.
"""
import sys
import time

import numpy as np

column = np.load(sys.argv[1])
print("ready", flush=True)
for _ in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    np.argsort(column)
    print(time.perf_counter() - start, time.process_time() - used, flush=True)
