"""A step of the attack in PyTorch: forward and backward to the pixels through a vision transformer, the loss a cosine.
usage: python3 vit_step.py SIDE PATCH WIDTH LAYERS HEADS DIMENSION BATCH
Reads lines from standard input; for each line does a step and prints the seconds by the clock and of processor time.
"""
import os
import sys
import time

# Before the library is loaded that reads it.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import torch
from torch import nn
from torch.nn import functional as F

side, patch, width, layers, heads, dimension, batch = map(int, sys.argv[1:])
tokens = (side // patch) ** 2


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.f, self.e = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        y = self.n1(x)
        q, k, v = (f(y).view(len(x), tokens, heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        a = F.softmax(q @ k.transpose(2, 3) * (width // heads) ** -0.5, dim=-1) @ v
        x = x + self.o(a.transpose(1, 2).reshape(len(x), tokens, width))
        h = self.f(self.n2(x))
        return x + self.e(h * torch.sigmoid(1.702 * h))


class Vision(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch, bias=False)
        self.position = nn.Parameter(torch.randn(1, tokens, width) * 0.02)
        self.layers = nn.Sequential(*(Layer() for _ in range(layers)))
        self.last = nn.LayerNorm(width)
        self.projection = nn.Linear(width, dimension, bias=False)

    def forward(self, pixels):
        x = self.patches(pixels).flatten(2).transpose(1, 2) + self.position
        return self.projection(self.last(self.layers(x)).mean(1))


torch.manual_seed(1)
model = Vision().eval()
for parameter in model.parameters():
    parameter.requires_grad_(False)
pixels = (torch.rand(batch, 3, side, side) - 0.5).requires_grad_(True)
target = torch.rand(1, dimension) - 0.5
print("ready", flush=True)
for _ in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    pixels.grad = None
    F.cosine_similarity(model(pixels), target).sum().backward()
    print(time.perf_counter() - start, time.process_time() - used, flush=True)
