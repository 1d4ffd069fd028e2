"""Keras on the TensorFlow backend, in a process of its own: a backend is chosen once, at the import."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("keras")

SCRIPT = r"""
import json, sys, warnings
import numpy as np, keras
import unconfused as uc
backend = sys.argv[1]
assert keras.backend.backend() == backend
rng = np.random.default_rng(0)
x = rng.normal(size=(301, 4)).astype("float32")
y = (x[:, 0] + rng.normal(size=301) > 0).astype("int64")

class Batches(keras.utils.PyDataset):
    def __init__(self):
        super().__init__()
        self.order = rng.permutation(301)
    def __len__(self):
        return 10
    def __getitem__(self, i):
        rows = self.order[i * 32 : (i + 1) * 32]
        return x[rows], y[rows]
    def on_epoch_end(self):
        rng.shuffle(self.order)

def model(outputs, activation, loss):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.BatchNormalization(),
              keras.layers.Dropout(0.5), keras.layers.Dense(outputs, activation=activation)]
    made = keras.Sequential(layers)
    made.compile(loss=loss, metrics=["accuracy"])
    return made

sets = {"arrays": lambda y: (x, y), "PyDataset": lambda y: Batches()}
if backend == "tensorflow":
    import tensorflow as tf
    cut = lambda y: tf.data.Dataset.from_tensor_slices((x, y))
    sets |= {"tf.data": lambda y: cut(y).batch(32), "shuffled tf.data": lambda y: cut(y).shuffle(301, seed=0).batch(32)}

told = {}
two = model(1, "sigmoid", "binary_crossentropy")
two.fit(x, y, epochs=2, verbose=0)
before = [np.array(w) for w in two.get_weights()]
told["keras"] = two.evaluate(x, y, verbose=0, return_dict=True)["accuracy"]
told["accuracy"] = {}
counts = {}
for name, make in sets.items():
    ev = uc.evaluate_model(two, make(y), progress=False)
    told["accuracy"][name] = float(ev.at(0.5).estimate("accuracy"))
    counts[name] = ev.at(0.5).counts.tolist()
told["alike"] = len({json.dumps(c) for c in counts.values()}) == 1
told["unchanged"] = all(np.array_equal(a, b) for a, b in zip(before, two.get_weights()))
told["reconciled"] = [c.name for c in ev.reconcile(accuracy=f"{told['keras']:.4f}", threshold=0.5).causes]

z = np.digitize(x[:, 0], [-0.5, 0.5])
logits = model(3, None, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
logits.fit(x, z, epochs=2, verbose=0)
ev = uc.evaluate_model(logits, (x, z), score_kind="logit", progress=False)
told["many"] = [logits.evaluate(x, z, verbose=0, return_dict=True)["accuracy"], float(ev.estimate("accuracy"))]
try:
    uc.evaluate_model(two, (Batches(), y))
except uc.UnconfusedError as error:
    told["apart"] = error.code
print(json.dumps(told))
"""


@pytest.mark.parametrize("backend", ["tensorflow"])
def test_agrees_with_model_evaluate(backend: str) -> None:
    """Arrays, a shuffling PyDataset and tf.data give one matrix, with the accuracy that Keras prints."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, backend],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert set(told["accuracy"]) >= {"arrays", "PyDataset"}
    assert ("tf.data" in told["accuracy"]) == (backend == "tensorflow")
    for accuracy in told["accuracy"].values():
        assert accuracy == pytest.approx(told["keras"], abs=1e-6)
    assert told["alike"]
    assert told["unchanged"]
    assert told["reconciled"] == ["as counted"]  # the figure of Keras is the figure here
    assert told["many"][0] == pytest.approx(told["many"][1], abs=1e-6)
    assert told["apart"] == "CM-LOADER-SHUFFLE"
