"""Keras models on the torch backend: arrays, PyDataset, tf.data and loaders, and agreement with model.evaluate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
keras = pytest.importorskip("keras")
if keras.backend.backend() != "torch":
    pytest.skip("set KERAS_BACKEND=torch", allow_module_level=True)

import unconfused as uc  # noqa: E402
from unconfused import errors  # noqa: E402
from unconfused.ingest.models import predictions  # noqa: E402
from unconfused.ingest.rows import Reading  # noqa: E402

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(size=(101, 4)).astype("float32")
Y = (X[:, 0] + DRAWN.normal(size=101) > 0).astype("int64")
W = DRAWN.uniform(0.5, 2, 101).astype("float32")
PLAIN = Reading()


def dense(outputs: int = 1, activation: str = "sigmoid", loss: str = "binary_crossentropy") -> Any:
    keras.utils.set_random_seed(0)
    layers = [keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.5)]
    model = keras.Sequential([*layers, keras.layers.Dense(outputs, activation=activation)])
    model.compile(loss=loss, metrics=["accuracy"], weighted_metrics=["accuracy"])
    return model


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """(x, y) or (x, y, w), shuffled anew at the end of every epoch."""

    def __init__(self, *arrays: Any, size: int = 32, shuffle: bool = False) -> None:
        super().__init__()
        self.arrays, self.size, self.shuffle = arrays, size, shuffle
        self.order = np.arange(len(arrays[0]))
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __getitem__(self, place: int) -> Any:
        rows = self.order[place * self.size : (place + 1) * self.size]
        return tuple(part[rows] for part in self.arrays)

    def on_epoch_end(self) -> None:
        if self.shuffle:
            np.random.default_rng(1).shuffle(self.order)


def tf_data(*arrays: Any, size: int = 32) -> Any:
    tensorflow = pytest.importorskip("tensorflow")
    return tensorflow.data.Dataset.from_tensor_slices(arrays).batch(size)


def torch_loader(*arrays: Any, size: int = 32) -> Any:
    tensors = torch.utils.data.TensorDataset(*map(torch.as_tensor, arrays))
    return torch.utils.data.DataLoader(tensors, batch_size=size)


MAKERS = {
    "arrays": lambda *arrays: arrays,
    "PyDataset": Batches,
    "shuffled PyDataset": lambda *arrays: Batches(*arrays, shuffle=True),
    "tf.data": tf_data,
    "shuffled tf.data": lambda *arrays: tf_data(*arrays, size=1).unbatch().shuffle(101, seed=0).batch(32),
    "DataLoader": torch_loader,
    "list": lambda *arrays: [Batches(*arrays)[i] for i in range(4)],
}


# ── agreement with Keras ──────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("data", MAKERS)
def test_binary_accuracy(data: str) -> None:
    """The accuracy at 0.5 is that of model.evaluate, whatever form the data has."""
    model = dense()
    model.fit(X, Y, epochs=3, verbose=0)
    keras_says = model.evaluate(X, Y, verbose=0, return_dict=True)["accuracy"]
    ev = uc.evaluate_model(model, MAKERS[data](X, Y))
    assert ev.total == 101
    assert np.float32(float(ev.at(0.5).estimate("accuracy"))) == np.float32(keras_says)
    again = uc.confusion_matrix(Y, y_score=model.predict(X, verbose=0), threshold=0.5)
    assert np.array_equal(ev.at(0.5).counts, again.counts)


@pytest.mark.parametrize("data", MAKERS)
@pytest.mark.parametrize("labels", ["sparse", "one-hot"])
def test_many_classes(data: str, labels: str) -> None:
    """Softmax and argmax: sparse labels, and one-hot labels that are said to be such."""
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    given = keras.utils.to_categorical(y, 3) if labels == "one-hot" else y
    loss = "categorical_crossentropy" if labels == "one-hot" else "sparse_categorical_crossentropy"
    model = dense(3, "softmax", loss)
    kind = "one-hot" if labels == "one-hot" else None
    ev = uc.evaluate_model(model, MAKERS[data](X, given), label_kind=kind)
    keras_says = model.evaluate(X, given, verbose=0, return_dict=True)["accuracy"]
    assert np.float32(float(ev.estimate("accuracy"))) == np.float32(keras_says)
    if kind:
        with pytest.raises(errors.AmbiguousCall, match="one-hot"):
            uc.evaluate_model(model, MAKERS[data](X, given))


@pytest.mark.parametrize("data", MAKERS)
def test_weights(data: str) -> None:
    """The weights of the data are honoured, as weighted_metrics= does, and that is said."""
    model = dense()
    ev = uc.evaluate_model(model, MAKERS[data](X, Y, W))
    score = model.predict(X, verbose=0).ravel()
    expected = float(W[(score >= 0.5) == Y].sum(dtype="float64") / W.sum(dtype="float64"))
    assert float(ev.at(0.5).estimate("accuracy")) == pytest.approx(expected, abs=1e-6)
    assert ev.total == 101
    note = predictions(model, MAKERS[data](X, Y, W), PLAIN).notes[0]
    assert note.code == "CM-WEIGHT"
    assert "weighted_metrics=" in note.message


def test_rows_at_one_half() -> None:
    """Keras counts score > 0.5; rows exactly there are named, and its rule can be had."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])
    model.compile(loss="binary_crossentropy", metrics=["accuracy"])
    x, y = np.array([[0.2], [0.5], [0.5], [0.9]], "float32"), np.array([0, 1, 0, 1])
    found = predictions(model, (x, y), PLAIN)
    assert [note.code for note in found.notes] == ["CM-HALF"]
    assert found.notes[0].evidence == {"rows": 2}
    ev = uc.evaluate_model(model, (x, y[[0, 2, 2, 3]]))
    keras_says = model.evaluate(x, y[[0, 2, 2, 3]], verbose=0, return_dict=True)["accuracy"]
    assert keras_says == 1.0
    assert float(ev.at(0.5).estimate("accuracy")) == 0.5
    assert float(ev.at(np.nextafter(0.5, 1)).estimate("accuracy")) == keras_says


def test_logits() -> None:
    """Logits of one output or of K, declared as such."""
    one = dense(activation="linear")
    ev = uc.evaluate_model(one, (X, Y), score_kind="logit")
    assert np.array_equal(ev.at(0.5).counts, uc.confusion_matrix(Y, one.predict(X, verbose=0).ravel() >= 0).counts)
    with pytest.raises(errors.ScoresOutOfRange, match="score_kind='logit'"):
        uc.evaluate_model(one, (X, Y))
    two = dense(2, "linear", "sparse_categorical_crossentropy")
    ev = uc.evaluate_model(two, (X, Y), score_kind="logit")
    assert np.array_equal(ev.at(0.5).counts, uc.confusion_matrix(Y, two.predict(X, verbose=0).argmax(1)).counts)


def test_first_class_positive() -> None:
    """pos_label=0 turns the single output round, and says so."""
    found = predictions(dense(), (X, Y), Reading(pos_label=0))
    np.testing.assert_allclose(found.y_score, 1 - dense().predict(X, verbose=0).ravel().astype("float64"), atol=1e-6)
    assert "1 - score" in found.notes[0].message
    assert found.notes[-1].evidence["turned"] == 101


# ── the model afterwards, its inputs and outputs ──────────────────────────────────────────────────
def test_left_unchanged() -> None:
    """Dropout is off during the pass; training flags and weights are afterwards what they were."""
    model = dense()
    model.train()
    flags = [module.training for module in model.modules()]
    weights = [np.array(part) for part in model.get_weights()]
    first, second = (predictions(model, (X, Y), PLAIN).y_score for _ in range(2))
    assert np.array_equal(first, second)
    assert [module.training for module in model.modules()] == flags
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))


def test_uncompiled() -> None:
    """A model need not be compiled to be evaluated."""
    model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    assert len(predictions(model, (X, Y), PLAIN, batch_size=50).y_score) == 101


def test_several_inputs() -> None:
    """Inputs in a list or a dict are cut into batches together; frames are read."""
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    joined = keras.layers.Concatenate()([a, b])
    model = keras.Model([a, b], keras.layers.Dense(1, activation="sigmoid")(joined))
    parts = predictions(model, ([X[:, :2], X[:, 2:]], Y), PLAIN)
    np.testing.assert_allclose(parts.y_score, model.predict([X[:, :2], X[:, 2:]], verbose=0).ravel(), atol=1e-6)
    named = keras.Model({"a": a, "b": b}, keras.layers.Dense(1, activation="sigmoid")(joined))
    assert len(predictions(named, ({"a": X[:, :2], "b": X[:, 2:]}, Y), PLAIN).y_score) == 101
    pandas = pytest.importorskip("pandas")
    framed = predictions(dense(), (pandas.DataFrame(X), pandas.Series(Y)), PLAIN)
    assert np.array_equal(framed.y_score, predictions(dense(), (X, Y), PLAIN).y_score)
    assert len(predictions(dense(), (X, Y.tolist()), PLAIN).y_score) == 101


def test_arrays_that_do_not_pair() -> None:
    """Rows without labels, labels without rows and lists of numbers are refused before the run."""
    for data in ((X, Y[:96]), (X[:96], Y), (X, Y, W[:96]), ([X, X[:96]], Y)):
        with pytest.raises(errors.LengthMismatch, match="96"):
            predictions(dense(), data, PLAIN)
    with pytest.raises(errors.UsageError, match=r"np\.asarray"):
        predictions(dense(), (X.tolist(), Y), PLAIN)


def test_half_precision() -> None:
    """Outputs in bfloat16 and float16 are read."""
    for kind in ("bfloat16", "float16"):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid", dtype=kind)])
        found = predictions(model, (X, Y), PLAIN)
        assert found.y_score.dtype.kind == "f"
        assert len(found.y_score) == 101


def test_other_outputs_and_batches() -> None:
    """Several outputs and dict batches are answered with step=, which works."""
    a = keras.Input((4,))
    twin = keras.Model(a, {"p": keras.layers.Dense(1, activation="sigmoid")(a), "h": keras.layers.Dense(2)(a)})
    shown = r"step=lambda model, batch: (batch[1], model.predict_on_batch(batch[0])['p'])"
    with pytest.raises(errors.UsageError) as refused:
        uc.evaluate_model(twin, (X, Y))
    step = eval(shown.removeprefix("step="))
    assert shown.replace("'p'", "").split("[")[0] in str(refused.value)
    assert uc.evaluate_model(twin, (X, Y), step=step).total == 101
    dicts = [{"x": X, "y": Y}]
    with pytest.raises(errors.UsageError) as refused:
        uc.evaluate_model(dense(), dicts)
    shown = 'step=lambda model, batch: (batch["y"], model.predict_on_batch(batch["x"]))'
    assert shown in str(refused.value)
    assert uc.evaluate_model(dense(), dicts, step=eval(shown.removeprefix("step="))).total == 101


# ── data that does not end, or is none ────────────────────────────────────────────────────────────
def endless() -> Any:
    while True:
        yield X[:10], Y[:10]


def test_endless_data() -> None:
    """A generator, a repeated tf.data and an endless PyDataset need steps=."""

    class Endless(Batches):
        @property
        def num_batches(self) -> Any:
            return None

    for data in (endless(), tf_data(X, Y).repeat(), Endless(X, Y)):
        with pytest.raises(errors.UsageError, match="steps="):
            predictions(dense(), data, PLAIN)
    for data, rows in ((endless(), 20), (tf_data(X, Y).repeat(), 64), (Endless(X, Y), 64)):
        assert len(predictions(dense(), data, PLAIN, steps=2).y_true) == rows


def test_a_finite_data_set_is_walked_once() -> None:
    """A PyDataset is read by index, each batch once; steps= beyond its end reads no row twice."""
    read = []

    class Counted(Batches):
        def __getitem__(self, place: int) -> Any:
            read.append(place)
            return super().__getitem__(place)

    predictions(dense(), Counted(X, Y), PLAIN)
    assert read == [0, 1, 2, 3]
    assert len(predictions(dense(), Counted(X, Y), PLAIN, steps=9).y_true) == 101


def test_no_data() -> None:
    """Rows without labels, single rows and nothing at all are refused."""
    for data in (X, {"x": X}, "rows", 3):
        with pytest.raises(errors.UsageError, match=r"\(X, y\)"):
            predictions(dense(), data, PLAIN)
    with pytest.raises(errors.UsageError, match=r"\.batch\(32\)"):
        predictions(dense(), tf_data(X, Y).unbatch(), PLAIN)
    with pytest.raises(errors.UsageError, match="step="):
        predictions(dense(), [X], PLAIN)
    with pytest.raises(errors.EmptyInput):
        predictions(dense(), [], PLAIN)


def test_text_inputs() -> None:
    """Text of tf.data reaches a model that a step= feeds."""
    tensorflow = pytest.importorskip("tensorflow")
    texts = tensorflow.data.Dataset.from_tensor_slices((["good", "bad", "good"], [1, 0, 1])).batch(2)

    def read(model: Any, batch: Any) -> Any:
        length = np.char.str_len(batch[0].numpy().astype(str))
        return batch[1], np.where(length == 4, 0.9, 0.1)

    assert uc.evaluate_model(dense(), texts, step=read).at(0.5).ravel() == (1, 0, 0, 2)


def test_labels_beside_a_dataset_are_refused() -> None:
    """A PyDataset yields its own labels; a list of them beside it need not follow its order."""

    class Rows(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return 1

        def __getitem__(self, _: int) -> Any:
            return np.zeros((2, 1)), np.array([0, 1])

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "sigmoid")])
    with pytest.raises(errors.LabelsApart, match="Rows"):
        uc.evaluate_model(model, (Rows(), np.array([0, 1])))
    assert uc.evaluate_model(model, Rows()).total == 2
