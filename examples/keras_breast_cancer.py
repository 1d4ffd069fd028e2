"""A Keras network on the breast-cancer data: the usual mistake, the right matrix, and which class is positive.

The history is saved in the folder named on the command line, or in a temporary one.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_TORCH_DEVICE", "cpu")  # the same numbers everywhere

import keras
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import unconfused as uc

keras.utils.set_random_seed(1)
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_train)  # on the training part only: the test part stays unseen
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)

layers = [keras.layers.Dense(16, "relu"), keras.layers.Dropout(0.2), keras.layers.Dense(1, "sigmoid")]
model = keras.Sequential([keras.Input((30,)), *layers])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
history = model.fit(X_train, y_train, validation_split=0.2, epochs=50, verbose=0)

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
axes = uc.plot_history(history)  # loss and accuracy of each epoch, training beside validation
axes[0].figure.savefig(folder / "keras_history.png", dpi=150)

# The usual mistake: the model gives probabilities, and whatever wants classes cuts them to 0.
p = model.predict(X_test, verbose=0)
print("Probabilities taken for classes:", confusion_matrix(y_test, p.ravel().astype(int)).tolist())
try:
    uc.confusion_matrix(y_test, p)
except uc.UnconfusedError as error:
    print("unconfused refuses:", error.why)
    print(error.fix)

# The right matrix, with its axes and classes named. Class 1, the positive one, is benign here.
names = {0: "malignant", 1: "benign"}
ev = uc.evaluate_model(model, (X_test, y_test), labels=names)
print()
print(ev.at(0.5))

# A doctor asks about the tumours: pos_label=0 makes malignant the class that is looked for.
tumours = uc.evaluate_model(model, (X_test, y_test), labels=names, pos_label=0)
print()
print("pos_label=1: recall", ev.estimate("recall", threshold=0.5), "of the benign")
print("pos_label=0: recall", tumours.estimate("recall", threshold=0.5), "of the malignant")

accuracy = ev.at(0.5).estimate("accuracy")
keras_says = model.evaluate(X_test, y_test, verbose=0, return_dict=True)["accuracy"]
print(f"accuracy {accuracy:.4f}, and {keras_says:.4f} from model.evaluate")
