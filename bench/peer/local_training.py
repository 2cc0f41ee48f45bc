"""One round of local training of many clients in PyTorch, as its users write it: a linear layer, cross-entropy, SGD with momentum and weight
decay, a new shuffle at each pass. usage: python3 local_training.py FOLDER CLIENTS ROWS FEATURES CLASSES STEPS BATCH THREADS
Reads rows.npy (CLIENTS*ROWS x FEATURES, float32), labels.npy (int64) and start.npy (CLASSES*FEATURES + CLASSES) from FOLDER. For each line of
standard input, "loop" or "batched", trains all clients once, writes FOLDER/peer.npy and prints the seconds by the clock and of processor time.
loop: one client after another, batches by indexing (no data loader, which would be slower). batched: all clients at once by batched products.
"""
import os
import sys
import time

# Before the library is loaded that reads it.
os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[8]

import numpy as np
import torch

folder = sys.argv[1]
clients, rows, features, classes, steps, batch, threads = map(int, sys.argv[2:9])
torch.set_num_threads(threads)
data = torch.from_numpy(np.load(f"{folder}/rows.npy")).reshape(clients, rows, features)
labels = torch.from_numpy(np.load(f"{folder}/labels.npy")).reshape(clients, rows)
start = torch.from_numpy(np.load(f"{folder}/start.npy"))


def order():
    while True:
        yield from torch.randperm(rows).split(batch)


def loop():
    found = []
    for x, y in zip(data, labels):
        model = torch.nn.Linear(features, classes)
        with torch.no_grad():
            model.weight.copy_(start[: classes * features].reshape(classes, features))
            model.bias.copy_(start[classes * features:])
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-5)
        for _, chosen in zip(range(steps), order()):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
        found.append(torch.cat([parameter.detach().reshape(-1) for parameter in model.parameters()]))
    return torch.stack(found)


def batched():
    weight = start[: classes * features].reshape(1, classes, features).repeat(clients, 1, 1).requires_grad_()
    bias = start[classes * features:].reshape(1, 1, classes).repeat(clients, 1, 1).requires_grad_()
    optimizer = torch.optim.SGD([weight, bias], lr=0.01, momentum=0.9, weight_decay=1e-5)
    for _, chosen in zip(range(steps), order()):
        optimizer.zero_grad()
        scores = torch.baddbmm(bias, data[:, chosen], weight.transpose(1, 2))
        loss = torch.nn.functional.cross_entropy(scores.reshape(-1, classes), labels[:, chosen].reshape(-1), reduction="sum") / len(chosen)
        loss.backward()
        optimizer.step()
    return torch.cat([weight.detach().reshape(clients, -1), bias.detach().reshape(clients, -1)], 1)


print("ready", flush=True)
for line in sys.stdin:
    work = batched if line.strip() == "batched" else loop
    begin, used = time.perf_counter(), time.process_time()
    found = work()
    seconds, processor = time.perf_counter() - begin, time.process_time() - used
    np.save(f"{folder}/peer.npy", found.numpy())
    print(seconds, processor, flush=True)
