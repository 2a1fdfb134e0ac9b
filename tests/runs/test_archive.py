"""A run as a zip: whole, readable, and without anything that is nobody's business."""

from __future__ import annotations

import io
import json
import os
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from cnnviz.runs import archive, locks
from cnnviz.runs.run import create_run


@pytest.fixture
def run():
    config = {"dataset": "/home/ada/secret/leaves", "title": "Leaves, first try", "epochs": 2}
    made, lock = create_run(config, "an-owner-id")
    folder = made.folder
    for inside in ("resume", "insights", "tensorboard/train"):
        (folder / inside).mkdir(parents=True)
    (folder / "events.jsonl").write_text('{"kind": "start"}\n' * 1000)
    (folder / "outcome.json").write_text('{"status": "finished"}')
    (folder / "insights" / "epoch-1.json").write_text("{}")
    (folder / "tensorboard" / "train" / "events.out").write_bytes(b"tb")
    np.savez(folder / "checkpoints" / "epoch-1.npz", w0=np.arange(5, dtype=np.float16))
    np.savez(folder / "resume" / "state.npz", m0=np.zeros(5))
    (folder / "model.keras").write_bytes(b"network")
    for name in (".reserve", "paused", "log.txt", "attempts.json", ".new-model.keras"):
        (folder / name).write_text("not for others")
    (folder / "commands" / "stop").write_text("")
    yield made
    locks.let_go(lock)


def test_the_card_does_not_give_away_whose_images_it_learned_from(run):
    """With the id of a data set, whoever has a training's link would have its images too."""
    private = {"dataset": "upload:" + "a" * 24, "split": "test", "value": 0.9, "images": 10}
    bundled = {**private, "dataset": "mnist"}
    (run.folder / "card.json").write_text(json.dumps({"accuracy": [private, bundled]}))
    files = unpacked(run)
    assert not [name for name, data in files.items() if b"a" * 24 in data]
    (card,) = (json.loads(d) for name, d in files.items() if name.endswith("card.json"))
    assert [one["dataset"] for one in card["accuracy"]] == ["upload", "mnist"]


def unpacked(run, title="Leaves, first try") -> dict[str, bytes]:
    data = b"".join(archive.stream(run, title))
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_a_clock_that_began_in_1970_does_not_spoil_it(run, monkeypatch):
    for path in run.folder.rglob("*"):
        os.utime(path, (3600, 3600))
    monkeypatch.setattr(time, "time", lambda: 7200.0)
    assert len(unpacked(run)) == 7


def test_it_holds_what_the_run_has_learned_and_nothing_else(run):
    files = unpacked(run)
    [top] = {name.split("/")[0] for name in files}
    assert {name.split("/", 1)[1] for name in files} == {
        "config.json",
        "outcome.json",
        "events.jsonl",
        "model.keras",
        "checkpoints/epoch-1.npz",
        "insights/epoch-1.json",
        "tensorboard/train/events.out",
    }
    everything = b"".join(files.values())
    assert b"an-owner-id" not in everything and b"/home/ada" not in everything
    config = json.loads(files[f"{top}/config.json"])
    assert config == {"dataset": "leaves", "title": "Leaves, first try", "epochs": 2}
    with np.load(io.BytesIO(files[f"{top}/checkpoints/epoch-1.npz"])) as weights:
        assert weights["w0"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("title", "start"),
    [
        ("Leaves, first try", "leaves-first-try-"),
        ("../../etc/passwd\r\nX: y", "etc-passwd-x-y-"),
        ("树叶 <b>", "树叶-b-"),
        ("…", "training-"),
        ("x" * 200, "x" * 60 + "-"),
    ],
)
def test_its_name_says_what_it_is_and_is_never_a_path(run, title, start):
    name = archive.file_name(run, title)
    assert name.startswith(start) and name.endswith(".zip")
    assert not set(name) & set('/\\"\r\n')
    [top] = {entry.split("/")[0] for entry in unpacked(run, title)}
    assert f"{top}.zip" == name


def test_a_large_run_does_not_lie_in_memory_as_a_whole(run):
    with (run.folder / "model.keras").open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    tracemalloc.start()
    size = sum(len(piece) for piece in archive.stream(run, "large"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 64 * 1024 * 1024
    assert peak < 8 * 1024 * 1024


def test_a_file_that_goes_away_meanwhile_is_left_out(run):
    pieces = archive.stream(run, "x")
    first = next(pieces)
    (run.folder / "insights" / "epoch-1.json").unlink()
    data = first + b"".join(pieces)
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        assert not any("insights" in name for name in found.namelist())
