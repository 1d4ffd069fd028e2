"""A torch Module and a DataLoader: one pass, nothing left changed, every shape and type of output."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, WeightedRandomSampler  # noqa: E402
from torch.utils.data.distributed import DistributedSampler  # noqa: E402

import unconfused as uc  # noqa: E402
from unconfused import errors  # noqa: E402
from unconfused.ingest.models import predictions  # noqa: E402
from unconfused.ingest.rows import Reading  # noqa: E402
from unconfused.ingest.torch import real_rows  # noqa: E402

LOGIT = Reading(score_kind="logit")
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def data(n: int = 100, classes: int = 2) -> tuple[Any, Any]:
    made = torch.Generator().manual_seed(0)
    return torch.randn(n, 4, generator=made), torch.randint(classes, (n,), generator=made)


def net(outputs: int = 1) -> Any:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, outputs))


def loader(x: Any, y: Any, size: int = 32, **options: Any) -> Any:
    return DataLoader(TensorDataset(x, y), batch_size=size, **options)


def expected(model: Any, x: Any) -> Any:
    """The output in one piece, by hand."""
    flags = [module.training for module in model.modules()]
    model.eval()
    with torch.no_grad():
        output = model(x)
    for module, flag in zip(model.modules(), flags, strict=True):
        module.training = flag
    return output.float().numpy()


# ── the pass ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("size", [1, 32, 100])
def test_whole_data(device: str, size: int) -> None:
    """Whatever the batches, the evaluation is that of the whole data set."""
    x, y = data()
    model = net()
    logits = expected(model, x)[:, 0]
    found = predictions(model.to(device), loader(x, y, size), LOGIT)
    assert np.array_equal(found.y_true, y.numpy())
    np.testing.assert_allclose(found.y_score, logits, rtol=1e-5, atol=1e-6)
    assert found.source == f"Sequential, 100 rows in {-(-100 // size)} batch{'es' * (size < 100)}"
    ev = uc.evaluate_model(model, loader(x, y, size), score_kind="logit")
    assert np.array_equal(ev.at(0.5).counts, uc.confusion_matrix(y, logits >= 0).counts)


def test_shuffled_loader() -> None:
    """Labels and scores stem from the same batch, so shuffling changes nothing but the order."""
    x, y = data(200)
    model = net(2)
    plain = uc.evaluate_model(model, loader(x, y), score_kind="logit")
    mixed = uc.evaluate_model(model, loader(x, y, shuffle=True), score_kind="logit")
    assert np.array_equal(plain.at(0.5).counts, mixed.at(0.5).counts)


def test_arrays() -> None:
    """(X, y) is cut into batches; NumPy inputs take the type of the module."""
    x, y = data()
    model = net()
    logits = expected(model, x)[:, 0]
    for arrays in ((x, y), (x.numpy().astype(np.float64), y.numpy()), (x.numpy(), y.tolist())):
        found = predictions(model, arrays, LOGIT, batch_size=30)
        np.testing.assert_allclose(found.y_score, logits, rtol=1e-5, atol=1e-6)
        assert found.source.endswith("in 4 batches")
    for arrays in ((x[:60], y), (x, y[:60])):
        with pytest.raises(errors.LengthMismatch, match="60"):
            predictions(model, arrays, LOGIT, batch_size=30)


# ── the model afterwards ──────────────────────────────────────────────────────────────────────────
def flags(model: Any) -> list[bool]:
    return [module.training for module in model.modules()]


@pytest.mark.parametrize("fails", [False, True])
def test_training_flags(fails: bool) -> None:
    """Dropout is off during the pass; afterwards every submodule has its own flag, also after an error."""
    x, y = data()
    model = net()
    model.train()
    model[1].eval()  # a frozen batch norm inside a training model
    model[3].eval()
    before, seen = flags(model), []

    def watch(module: Any, inputs: Any) -> None:
        seen.append(flags(model))
        if fails and len(seen) == 2:
            raise RuntimeError("out of memory")

    model.register_forward_pre_hook(watch)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    if fails:
        with pytest.raises(RuntimeError, match="out of memory"):
            predictions(model, loader(x, y), LOGIT)
    else:
        predictions(model, loader(x, y), LOGIT)
    assert not any(map(any, seen))
    assert flags(model) == before
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())


def test_adapters_come_apart_again() -> None:
    """A module that does more than set a flag when it is switched is switched back, not only relabelled."""

    class Adapter(nn.Module):
        merged = False

        def train(self, mode: bool = True) -> Any:
            self.merged = not mode
            return super().train(mode)

        def forward(self, x: Any) -> Any:
            assert self.merged
            return x[:, 0]

    x, y = data()
    model = nn.Sequential(Adapter())
    model.train()
    predictions(model, loader(x, y), LOGIT)
    assert model[0].training
    assert not model[0].merged


def test_training_goes_on() -> None:
    """No gradient is kept, and what the model cached during the pass is still good for training."""

    class Cached(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.scale = nn.Linear(4, 1), None

        def forward(self, x: Any) -> Any:
            if self.scale is None:
                self.scale = x.new_ones(4)
            return self.layer(x * self.scale)

    x, y = data()
    model = Cached()
    found = predictions(model, loader(x, y), LOGIT, step=lambda m, b: (b[1], m(b[0])))
    assert isinstance(found.y_score, np.ndarray)
    assert all(p.grad is None for p in model.parameters())
    model(x).sum().backward()
    assert model.layer.weight.grad is not None
    assert torch.is_grad_enabled()


# ── outputs ───────────────────────────────────────────────────────────────────────────────────────
class Output(nn.Module):
    """Gives what a function makes of the inputs."""

    def __init__(self, make: Any) -> None:
        super().__init__()
        self.make = make

    def forward(self, x: Any) -> Any:
        return self.make(x)


@pytest.mark.parametrize("make", [lambda x: x[:, 0], lambda x: x[:, :1]], ids=["(n,)", "(n, 1)"])
@pytest.mark.parametrize("label", [torch.int64, torch.float32, torch.bool, torch.uint8], ids=str)
@pytest.mark.parametrize("column", [False, True], ids=["y (n,)", "y (n, 1)"])
def test_single_output(make: Any, label: Any, column: bool) -> None:
    """One logit a row is the score of class 1, whatever type the labels have."""
    x, y = data(65)  # the last batch is a batch of one
    given = y.to(label).reshape(-1, 1) if column else y.to(label)
    ev = uc.evaluate_model(Output(make), loader(x, given), score_kind="logit")
    assert np.array_equal(ev.at(0.5).counts, uc.confusion_matrix(y, x[:, 0] >= 0).counts)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_types(kind: Any, outputs: int) -> None:
    """Half and double precision are read without loss; K columns of logits are one class each."""
    x, y = data(classes=max(outputs, 2))
    x = x.to(kind)
    found = predictions(Output(lambda x: x[:, :outputs]), loader(x, y), LOGIT)
    assert np.array_equal(found.y_score, x[:, :outputs].double().numpy().reshape(found.y_score.shape))
    ev = uc.evaluate_model(Output(lambda x: x[:, :outputs]), loader(x, y), score_kind="logit")
    guess = x[:, :outputs].argmax(1) if outputs > 1 else x[:, 0] >= 0
    matrix = ev.matrix if outputs == 3 else ev.at(0.5)
    assert np.array_equal(matrix.counts, uc.confusion_matrix(y, guess.to(y.dtype)).counts)


def test_first_class_positive() -> None:
    """pos_label=0 turns a single logit round."""
    x, y = data()
    found = predictions(Output(lambda x: x[:, 0]), loader(x, y), Reading(score_kind="logit", pos_label=0))
    assert np.array_equal(found.y_score, -x[:, 0].numpy())
    assert found.notes[0].code == "CM-TURNED"
    assert "-score" in found.notes[0].message
    two = uc.evaluate_model(Output(lambda x: x[:, :2]), loader(x, y), score_kind="logit", pos_label=0)
    assert two.labels.positive_name == 0
    assert two.at(0.5).tp == int(((y == 0) & (x[:, 0] >= x[:, 1])).sum())


def test_probabilities_by_default() -> None:
    """Logits without score_kind= are refused at the first batch."""
    x, y = data()
    with pytest.raises(errors.ScoresOutOfRange, match=r"Batch 1 of Output .*score_kind='logit'"):
        uc.evaluate_model(Output(lambda x: x[:, 0]), loader(x, y))
    ev = uc.evaluate_model(Output(lambda x: x.softmax(1)), loader(x, data(classes=4)[1]))
    assert ev.matrix.total == 100


Reply = namedtuple("Reply", "logits hidden")


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda x: Reply(x[:, 0], x), ".logits"),
        (lambda x: {"scores": x[:, 0]}, "['scores']"),
        (lambda x: (x[:, 0], x), "[0]"),
    ],
    ids=["namedtuple", "dict", "tuple"],
)
def test_other_outputs(make: Any, part: str) -> None:
    """The error shows the step= that reads this output, and that step= works."""
    x, y = data()
    with pytest.raises(errors.UsageError) as refused:
        uc.evaluate_model(Output(make), loader(x, y), score_kind="logit")
    shown = f"step=lambda model, batch: (batch[1], model(batch[0]){part})"
    assert shown in str(refused.value)
    step = eval(shown.removeprefix("step="))
    ev = uc.evaluate_model(Output(make), loader(x, y), score_kind="logit", step=step)
    assert np.array_equal(ev.at(0.5).counts, uc.confusion_matrix(y, x[:, 0] >= 0).counts)


class Rows(torch.utils.data.Dataset):  # type: ignore[misc]
    """A data set whose rows are dicts, as those for transformers are."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, place: int) -> Any:
        return {"x": self.x[place], "labels": self.y[place]}


@pytest.mark.parametrize("device", DEVICES)
def test_dict_batches(device: str) -> None:
    """The error shows a step= with the batch's own keys; the tensors of a batch are moved for step= too."""
    x, y = data()
    model = net().to(device)
    batches = DataLoader(Rows(x, y), batch_size=32)
    with pytest.raises(errors.UsageError) as refused:
        uc.evaluate_model(model, batches, score_kind="logit")
    shown = 'step=lambda model, batch: (batch["labels"], model(batch["x"]))'
    assert shown in str(refused.value)
    found = predictions(model, batches, LOGIT, step=eval(shown.removeprefix("step=")))
    np.testing.assert_allclose(found.y_score, expected(model.cpu(), x)[:, 0], rtol=1e-5, atol=1e-6)


def test_other_batches() -> None:
    """A third part, a single part or a bare tensor is not guessed at."""
    x, y = data()
    weights = torch.rand(100)
    triples = DataLoader(TensorDataset(x, y, weights), batch_size=32)
    with pytest.raises(errors.UsageError, match=r"a list of 3 .*batch\[1\], model\(batch\[0\]\), batch\[2\]"):
        predictions(net(), triples, LOGIT)
    found = predictions(net(), triples, LOGIT, step=lambda m, b: (b[1], m(b[0]), b[2]))
    assert found.sample_weight is not None
    assert np.array_equal(found.sample_weight, weights.numpy())
    for batches in ([x], DataLoader(TensorDataset(x))):
        with pytest.raises(errors.UsageError, match=r"step=lambda model, batch"):
            predictions(net(), batches, LOGIT)


@pytest.mark.parametrize(
    "given", [TensorDataset(*data()), data()[0], {"x": 1}, "test.pt", 3], ids=lambda x: type(x).__name__
)
def test_no_batches(given: Any) -> None:
    """Data that gives single rows, or none, is answered with a DataLoader."""
    with pytest.raises(errors.UsageError, match="DataLoader"):
        predictions(net(), given, LOGIT)


def test_iterable_data_set() -> None:
    """A loader without a length is walked to its end."""

    class Flow(IterableDataset):  # type: ignore[misc]
        def __iter__(self) -> Any:
            return iter(zip(*data(), strict=True))

    assert len(predictions(net(), DataLoader(Flow(), batch_size=32), LOGIT).y_true) == 100


def test_labels_that_do_not_fit() -> None:
    """One output for three classes, and fractional labels, are refused."""
    x, y = data(classes=3)
    with pytest.raises(errors.ShapeError):
        uc.evaluate_model(net(), loader(x, y), score_kind="logit")
    with pytest.raises(errors.ScoresAsLabels):
        uc.evaluate_model(net(3), loader(x, x[:, 0]), score_kind="logit")
    with pytest.raises(errors.EmptyInput):
        uc.evaluate_model(net(3), [], score_kind="logit")


# ── what a loader does to the rows ────────────────────────────────────────────────────────────────
def notes(batches: Any) -> list[str]:
    return [note.code for note in predictions(net().eval(), batches, LOGIT).notes]


def test_loaders_that_change_the_rows() -> None:
    """Rows left out, repeated or shared out by the loader are named."""
    x, y = data()
    assert notes(loader(x, y)) == []
    assert notes(loader(x, y, 50, drop_last=True)) == []
    dropped = predictions(net().eval(), loader(x, y, drop_last=True), LOGIT)
    assert dropped.notes[-1].evidence["unread"] == 4
    assert "4 of the data set's 100 rows" in dropped.notes[0].message
    assert notes(loader(x, y, sampler=WeightedRandomSampler([1.0] * 100, 100))) == ["CM-RESAMPLED"]
    sampler = DistributedSampler(TensorDataset(x, y), num_replicas=3, rank=0)
    assert notes(loader(x, y, sampler=sampler)) == ["CM-SHARE"]


@pytest.mark.parametrize(("n", "shares"), [(100, 3), (5, 4), (7, 2), (3, 8), (8, 4)])
@pytest.mark.parametrize("shuffle", [False, True])
def test_repeated_rows_are_counted_once(n: int, shares: int, shuffle: bool) -> None:
    """The evaluations of all processes add up to the one of the whole data set, whatever the shares."""
    x, y = data()
    x, y = x[:n], y[:n]
    whole = TensorDataset(x, y)
    samplers = [DistributedSampler(whole, num_replicas=shares, rank=i, shuffle=shuffle) for i in range(shares)]
    model, kept, repeated = net(), [], 0
    for sampler in samplers:
        batches = DataLoader(whole, batch_size=4, sampler=sampler)
        real = real_rows(batches, sampler.num_samples)
        if real is not None and not real.any():
            continue  # a share of repeated rows alone
        ev = uc.evaluate_model(model, batches, score_kind="logit", labels=[0, 1])
        kept.append(ev)
        repeated += sum(int(note.evidence["rows"]) for note in ev.notes if note.code == "CM-PADDED")
    once = uc.evaluate_model(model, DataLoader(whole, batch_size=4), score_kind="logit", labels=[0, 1])
    total = sum(kept[1:], kept[0])
    assert total.total == n
    assert np.array_equal(total.at(0.5).counts, once.at(0.5).counts)
    assert repeated + n <= shares * samplers[0].num_samples


def test_training_mode_is_named() -> None:
    """Layers that differ in training, and only where they were found in that mode."""
    x, y = data()
    model = nn.Sequential(nn.Linear(x.shape[1], 1), nn.Dropout(0.5), nn.Dropout(0.1))
    (note,) = predictions(model, loader(x, y), LOGIT).notes
    assert (note.code, note.level, note.evidence["layers"]) == ("CM-TRAIN-MODE", "note", 2)
    assert model.training
    assert predictions(model.eval(), loader(x, y), LOGIT).notes == ()


def test_labels_beside_a_loader_are_refused() -> None:
    """A loader may shuffle; its own labels follow, others do not."""
    x, y = data()
    with pytest.raises(errors.LabelsApart, match="DataLoader shuffles its rows") as caught:
        uc.evaluate_model(net(), (DataLoader(TensorDataset(x, y), shuffle=True), y), score_kind="logit")
    assert caught.value.code == "CM-LOADER-SHUFFLE"
