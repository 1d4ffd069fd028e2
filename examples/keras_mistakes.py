"""The mistakes that a confusion matrix of a Keras model invites, and what is said about each."""

import os
import textwrap
import warnings

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_TORCH_DEVICE", "cpu")  # the same numbers everywhere

import keras
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import unconfused as uc

warnings.simplefilter("ignore", uc.UnconfusedWarning)  # they are printed below instead
NAMES = {0: "malignant", 1: "benign"}


class Folder(keras.utils.PyDataset):
    """Rows in batches, in another order each time, as flow_from_directory(shuffle=True) gives them."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.classes, self.shuffle, self.rng = x, y, True, np.random.default_rng(0)
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.x) // 32)

    def __getitem__(self, i):
        rows = self.order[32 * i : 32 * i + 32]
        return self.x[rows], self.classes[rows]

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.x))


def wrapped(text):
    """Lines of at most 80 columns, set in."""
    return textwrap.fill(text, 80, initial_indent="   ", subsequent_indent="   ")


def said(make):
    """What a call brings up: its error, or the findings of what it made, without the notes."""
    try:
        made = make()
    except uc.UnconfusedError as error:
        return wrapped(f"error {error.code}: {error}")
    return "\n".join(wrapped(str(x)) for x in made.findings if x.level == "warning") or wrapped("nothing")


# ── a small model; the files stand folder by folder ───────────────────────────────────────────
x, y = load_breast_cancer(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.8, random_state=0, stratify=y)
order = np.argsort(y_test, kind="stable")
x_test, y_test = x_test[order], y_test[order]
scaler = StandardScaler().fit(x_train)
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((30,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(scaler.transform(x_train), y_train, epochs=60, verbose=0)
z_test = scaler.transform(x_test)
p = model.predict(z_test, verbose=0)

print("1. What predict returns is passed as classes\n")
print(said(lambda: uc.confusion_matrix(y_test, p)))
print("\n   and argmax of its one column is always 0\n")
print(said(lambda: uc.confusion_matrix(y_test, p.argmax(1))))

print("\n2. Truth and prediction are exchanged\n")
print(said(lambda: uc.confusion_matrix(p, y_test)))
right = uc.confusion_matrix(y_test, y_score=p, threshold=0.3, labels=NAMES)
wrong = uc.confusion_matrix((p >= 0.3).astype(int), y_test, labels=NAMES)
print("\n   with classes on both sides\n")
print(said(lambda: wrong))
print(f"   precision {wrong.estimate('precision'):.3f}, which is the recall: {right.estimate('recall'):.3f}")

print("\n3. The matrix is read transposed\n")
print(textwrap.indent("\n".join(str(right).splitlines()[2:7]), "   "))
print(f"\n   right['malignant', 'benign'] = {right['malignant', 'benign']}: by name, not by place")
found = uc.evaluate(y_test, y_score=p).reconcile(
    precision=f"{right.estimate('recall'):.4f}", recall=f"{right.estimate('precision'):.4f}", threshold=0.3
)
print("   a report with the two exchanged:", ", ".join(cause.name for cause in found.causes))

print("\n4. fit_transform on the test part\n")
own = StandardScaler().fit_transform(x_test)
again = uc.evaluate_model(model, (own, y_test), progress=False)
fair = uc.evaluate_model(model, (z_test, y_test), progress=False)
print("   all rows at once:\n" + said(lambda: again))
print(f"   accuracy {again.at(0.3).estimate('accuracy'):.3f} instead of {fair.at(0.3).estimate('accuracy'):.3f}")
one = StandardScaler().fit_transform(x_test[y_test == 0])
alone = uc.confusion_matrix(y_test[y_test == 0], y_score=model.predict(one, verbose=0), threshold=0.3)
print(f"   the {alone.total} malignant rows by themselves: {alone.tn} of them found, not {right.tn}")

print("\n5. A generator that shuffles\n")
folder = Folder(z_test, y_test)
shuffled = model.predict(folder, verbose=0)
print(said(lambda: uc.confusion_matrix(folder.classes, y_score=shuffled, threshold=0.3)))
print("\n   labels beside it\n")
print(said(lambda: uc.evaluate_model(model, (folder, folder.classes))))
print("\n   the folder alone\n")
print(said(lambda: uc.evaluate_model(model, folder, progress=False)))
