"""The BLAS that computes a Python library's matrix products. usage: python3 blas.py MODULE
Multiplies once, looks which libraries the process has loaded, and prints a name for the table of the bench.
"""
import importlib
import sys

import numpy as np

importlib.import_module(sys.argv[1])
np.ones((64, 64), np.float32) @ np.ones((64, 64), np.float32)
try:
    with open("/proc/self/maps") as maps:
        loaded = {line.split()[-1].lower() for line in maps if ".so" in line or ".dylib" in line}
except OSError:
    sys.exit("the system does not tell what is loaded")
for part, name in (("openblas", "OpenBLAS"), ("mkl_rt", "MKL"), ("mkl_core", "MKL"), ("blis", "BLIS"), ("atlas", "ATLAS"), ("libblas", "reference BLAS")):
    if any(part in path for path in loaded):
        print(name)
        break
