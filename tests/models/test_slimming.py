"""tools/slim_shipped.py makes files smaller and changes no weight, no answer."""

import importlib.util
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cnnviz import storage
from cnnviz.models.loading import open_keras_file

ROOT = Path(__file__).parents[2]
NAME = "mnist_lenet5"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("slim", ROOT / "tools" / "slim_shipped.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A copy of one shipped model as Keras saves it, with a checkpoint of every epoch."""
    folder = tmp_path / NAME
    shutil.copytree(storage.SHIPPED / NAME, folder)
    monkeypatch.setattr(storage, "SHIPPED", tmp_path)
    open_keras_file(folder / "model.keras").save(folder / "model.keras")
    epochs = json.loads((folder / "history.json").read_text())["epochs"]
    for epoch in range(1, len(epochs) + 1):
        np.savez(folder / "checkpoints" / f"epoch-{epoch}.npz", w0=np.zeros(1))
    return folder


def test_nothing_changes_without_write(tool, shipped):
    before = {f: f.read_bytes() for f in shipped.rglob("*") if f.is_file()}
    assert tool.slim(NAME, write=False) < tool.folder_size(shipped)
    assert {f: f.read_bytes() for f in shipped.rglob("*") if f.is_file()} == before


def test_weights_and_answers_stay_and_moments_are_thinned(tool, shipped):
    file = shipped / "model.keras"
    weights, size = open_keras_file(file).get_weights(), file.stat().st_size
    answers = sorted(f.read_bytes() for f in (shipped / "answers").iterdir())
    keys = tool.answer_keys(NAME)
    for key, old in zip(keys, sorted((shipped / "answers").iterdir()), strict=False):
        old.rename(old.with_name(f"{key}.bin"))
    tool.slim(NAME, write=True)
    assert file.stat().st_size < 0.8 * size
    for x, y in zip(weights, open_keras_file(file).get_weights(), strict=True):
        np.testing.assert_array_equal(x, y)
    assert not set(tool.answer_keys(NAME)) & set(keys)  # another file: other keys
    names = {f.stem for f in (shipped / "answers").iterdir()}
    assert names <= set(tool.answer_keys(NAME))
    assert sorted(f.read_bytes() for f in (shipped / "answers").iterdir()) == answers
    kept = {f.stem for f in (shipped / "checkpoints").iterdir()}
    assert kept == {f"step-{s}" for s in (0, 10, 30, 100, 300)} | {
        f"epoch-{e}" for e in (1, 2, 4, 8)
    }
    slimmed = file.read_bytes()
    tool.slim(NAME, write=True)
    assert file.read_bytes() == slimmed


def test_kernels_are_rounded_where_that_is_wished_and_nothing_else(tool, shipped):
    file = shipped / "model.keras"
    before = open_keras_file(file).get_weights()
    rounded = shipped / "rounded.keras"
    rounded.write_bytes(tool.packed(file.read_bytes(), rounded=True))
    tool.check(file, rounded, rounded=True)
    after = open_keras_file(rounded).get_weights()
    for x, y in zip(before, after, strict=True):
        assert np.abs(x - y).max() <= (np.abs(x).max() * 2**-11 if x.ndim >= 2 else 0)
    assert any((x != y).any() for x, y in zip(before, after, strict=True))
    with pytest.raises(SystemExit, match="others"):
        tool.check(file, rounded, rounded=False)


def test_packed_files_hold_what_keras_expects(tool, shipped):
    file = shipped / "model.keras"
    names = set(zipfile.ZipFile(file).namelist())
    tool.slim(NAME, write=True)
    with zipfile.ZipFile(file) as archive:
        assert set(archive.namelist()) == names
        assert archive.testzip() is None
