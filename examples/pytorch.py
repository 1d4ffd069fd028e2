"""A torch module and a DataLoader: the matrix of the whole data set, whatever the batches."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import unconfused as uc

torch.manual_seed(0)
device = "cuda" if torch.cuda.is_available() else "cpu"

# 2,000 parts, one in twelve faulty. A quarter of the faulty ones look sound, a few of the sound ones look faulty.
y = (torch.rand(2000) < 1 / 12).float()
looks_faulty = torch.rand(2000) < torch.where(y == 1, 0.75, 0.03)
x = 4 * looks_faulty[:, None] + 0.5 * torch.randn(2000, 2)
train = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=32, shuffle=True)
test = DataLoader(TensorDataset(x[1200:], y[1200:]), batch_size=32)

model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(10):
    for xb, yb in train:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(xb.to(device))[:, 0], yb.to(device))
        loss.backward()
        optimizer.step()

# One pass: dropout off and afterwards on again, no gradients, labels and logits of a row from the same batch.
names = {0: "sound", 1: "faulty"}
ev = uc.evaluate_model(model, test, score_kind="logit", labels=names)
print(ev.at(0.5))

# What a loop sees that computes recall batch by batch.
recalls = []
for batch in test:
    one = uc.evaluate_model(model, [batch], score_kind="logit", labels=names)
    recalls.append(one.estimate("recall", threshold=0.5).value)
print(f"\nRecall in {len(recalls)} batches of 32 rows: from {np.nanmin(recalls):.2f} to {np.nanmax(recalls):.2f}.")
print(f"It is undefined in {np.isnan(recalls).sum()} of them; the mean of the rest is {np.nanmean(recalls):.3f}.")
print(f"Recall in the whole data set: {ev.estimate('recall', threshold=0.5)}.")
