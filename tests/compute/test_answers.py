import dataclasses
import os
import shutil
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from cnnviz import storage
from cnnviz.compute import codec
from cnnviz.compute.answers import (
    DISK_BYTES,
    LARGEST,
    SETTING,
    AnswerCache,
    answer_key,
    disk_limit,
    pack,
)
from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.local import LocalEngine
from cnnviz.errors import BadInput, NotFound, Unexpected
from cnnviz.models.cards import Card
from tests.compute.conftest import SAMPLES


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of shipped models with one in it, as far as references look at it."""
    folder = tmp_path / "trained_models"
    (folder / "toy" / "answers").mkdir(parents=True)
    (folder / "toy" / "model.keras").write_bytes(b"weights")
    card = Card(title="Toy", class_names=("a", "b"), input_shape=(4, 4, 1), heatmap_layer="conv")
    (folder / "toy" / "card.json").write_text(card.to_json())
    monkeypatch.setattr(storage, "SHIPPED", folder)
    return folder / "toy"


def size(folder):
    return sum(file.stat().st_size for file in folder.glob("*.bin"))


def test_answers_survive_the_process(tmp_path):
    AnswerCache(tmp_path).write("k", b"answer")
    assert AnswerCache(tmp_path).get("k", {}) == b"answer"
    assert AnswerCache(tmp_path).get("other", {}) is None


def test_memory_is_bounded_and_forgets_what_was_not_used(tmp_path):
    cache = AnswerCache(tmp_path, memory_bytes=1000)
    for key in "abc":
        cache.remember(key, key.encode() * 300)
    assert cache.get("a", {}) == b"a" * 300
    cache.remember("d", b"d" * 300)
    assert cache.get("b", {}) is None
    assert [cache.get(key, {}) is not None for key in "acd"] == [True] * 3
    cache.remember("a", b"A" * 900)  # replaced, not counted twice
    assert cache.get("a", {}) == b"A" * 900


def test_disk_is_bounded_and_forgets_what_was_not_used(tmp_path):
    cache = AnswerCache(tmp_path, memory_bytes=0, disk_bytes=10_000)
    noise = np.random.default_rng(0)
    for i in range(9):
        cache.write(str(i), noise.bytes(1000))
        os.utime(tmp_path / f"{i}.bin", (i, i))
    assert cache.get("0", {}) is not None  # used just now
    for i in range(9, 15):
        cache.write(str(i), noise.bytes(1000))
    assert size(tmp_path) <= 10_000
    assert cache.get("0", {}) is not None and cache.get("14", {}) is not None
    assert cache.get("1", {}) is None


def test_a_new_process_counts_what_is_there(tmp_path):
    (tmp_path / "old.bin").write_bytes(bytes(20_000))
    os.utime(tmp_path / "old.bin", (1, 1))
    AnswerCache(tmp_path, disk_bytes=10_000).write("k", b"answer")
    assert [file.name for file in tmp_path.iterdir()] == ["k.bin"]


WHOLE = zlib.compress(bytes(range(256)))


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"no zlib",
        WHOLE[:-5],
        WHOLE + b"more",
        WHOLE[:20] + bytes([WHOLE[20] ^ 1]) + WHOLE[21:],
        zlib.compress(bytes(LARGEST + 1)),
    ],
)
def test_damaged_files_are_noticed_and_made_again(tmp_path, damaged):
    file, cache = tmp_path / "count", tmp_path / "cache"
    first = InlineEngine(SAMPLES, AnswerCache(cache)).answer("count", file=str(file))
    (kept,) = cache.iterdir()
    kept.write_bytes(damaged)
    assert AnswerCache(cache).get(kept.stem, {}) is None
    assert not kept.exists()
    kept.write_bytes(damaged)
    again = InlineEngine(SAMPLES, AnswerCache(cache))
    assert again.answer("count", file=str(file)) == first
    assert file.read_text() == "computed\n" * 2
    assert AnswerCache(cache).get(kept.stem, {}) is not None, "it is whole again"


def test_what_killed_processes_left_does_not_stay(tmp_path):
    for name, age in ((".new-old.bin-1234", 3600), (".new-now.bin-1234", 0)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    cache = AnswerCache(tmp_path)
    cache.write("k", b"answer")
    assert {file.name for file in tmp_path.iterdir()} == {"k.bin", ".new-now.bin-1234"}


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [("", DISK_BYTES), ("30", 30 * 10**6), ("0", 0), ("lots", DISK_BYTES), ("-3", DISK_BYTES)],
)
def test_the_bound_on_disk_is_a_setting(tmp_path, monkeypatch, setting, wanted):
    monkeypatch.setenv(SETTING, setting)
    assert disk_limit() == wanted
    if wanted == 0:
        cache = AnswerCache(tmp_path)
        cache.write("k", b"answer")
        assert not list(tmp_path.glob("*.bin")) and cache.size("disk") == 0


def test_what_is_kept_is_counted(tmp_path):
    cache = AnswerCache(tmp_path)
    cache.remember("a", bytes(1000))
    cache.write("a", np.random.default_rng(0).bytes(1000))
    assert cache.size("memory") == 1000
    assert 900 < cache.size("disk") < 1200 and AnswerCache(tmp_path).size("disk") > 900


def test_no_part_of_a_file_is_left_behind(tmp_path):
    cache = AnswerCache(tmp_path)
    cache.write("k", b"1" * 1000)
    assert [file.name for file in tmp_path.iterdir()] == ["k.bin"]


def test_huge_answers_are_not_kept(tmp_path):
    cache = AnswerCache(tmp_path)
    cache.remember("k", bytes(LARGEST + 1))
    cache.write("k", bytes(LARGEST + 1))
    assert cache.get("k", {}) is None and not list(tmp_path.iterdir())


def test_a_full_disk_is_no_error(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "write_whole", full)
    AnswerCache(tmp_path).write("k", b"answer")


def test_shipped_answers_come_first(shipped, tmp_path):
    parameters = {"model": "shipped:toy", "top": 5}
    key = answer_key("predict", 1, parameters)
    (shipped / "answers" / f"{key}.bin").write_bytes(pack(b"made beforehand"))
    assert AnswerCache(tmp_path / "cache").get(key, parameters) == b"made beforehand"


def test_a_damaged_shipped_answer_stays_and_is_made_anew(shipped, tmp_path):
    parameters = {"model": "shipped:toy", "top": 5}
    key = answer_key("predict", 1, parameters)
    (shipped / "answers" / f"{key}.bin").write_bytes(b"damaged")
    cache = AnswerCache(tmp_path / "cache")
    assert cache.get(key, parameters) is None
    assert (shipped / "answers" / f"{key}.bin").exists(), "what is shipped is not ours to delete"
    cache.write(key, b"made again")
    assert AnswerCache(tmp_path / "cache").get(key, parameters) == b"made again"


def test_keys(shipped):
    key = answer_key("predict", 1, {"model": "shipped:toy", "top": 5})
    same = answer_key("predict", 1, {"top": 5, "model": "toy"})
    assert key == same, "neither the order nor the spelling of the model matters"
    others = [
        answer_key("home", 1, {"model": "shipped:toy", "top": 5}),
        answer_key("predict", 2, {"model": "shipped:toy", "top": 5}),
        answer_key("predict", 1, {"model": "shipped:toy", "top": 4}),
    ]
    (shipped / "model.keras").write_bytes(b"other weights")
    others.append(answer_key("predict", 1, {"model": "shipped:toy", "top": 5}))
    assert len({key, *others}) == 5
    shutil.rmtree(shipped)
    with pytest.raises(NotFound):
        answer_key("predict", 1, {"model": "shipped:toy", "top": 5})
    with pytest.raises(BadInput):
        answer_key("predict", 1, {"model": "../../etc/passwd"})


def test_the_default_layer_is_filled_in(shipped):
    from cnnviz.compute.registry import QUESTIONS

    kind = QUESTIONS["heatmaps"]
    given = {"model": "shipped:toy", "image": "photo:cat"}
    assert kind.complete(given) == kind.complete({**given, "layer": "conv", "top": 3})
    changed = dataclasses.replace(kind, default_layer=None)
    assert changed.complete(given)["layer"] is None


def test_an_engine_answers_from_the_cache(tmp_path):
    file = tmp_path / "count"
    cache = AnswerCache(tmp_path / "cache")
    engine = InlineEngine(SAMPLES, cache)
    first = engine.answer("count", file=str(file))
    question = engine.ask("count", seconds=0.0, file=str(file))
    assert question.done and question.result() == first
    assert file.read_text() == "computed\n"
    again = InlineEngine(SAMPLES, AnswerCache(tmp_path / "cache"))
    assert again.answer("count", file=str(file)) == first
    assert file.read_text() == "computed\n"


def test_the_local_engine_keeps_answers_but_not_errors(tmp_path):
    file = tmp_path / "count"
    engine = LocalEngine(SAMPLES, AnswerCache(tmp_path / "cache"), workers=1)
    try:
        first = engine.answer("count", file=str(file))
        assert engine.ask("count", file=str(file)).done
        assert engine.answer("count", file=str(file)) == first
        assert Path(file).read_text() == "computed\n"
        end = time.monotonic() + 5
        while not list((tmp_path / "cache").glob("*.bin")) and time.monotonic() < end:
            time.sleep(0.02)
        assert len(list((tmp_path / "cache").iterdir())) == 1
        with pytest.raises(Unexpected):
            engine.answer("wrong", how="other")
        assert len(list((tmp_path / "cache").iterdir())) == 1
    finally:
        engine.close()


def test_answers_cannot_be_spoilt_by_a_reader(tmp_path):
    engine = InlineEngine(SAMPLES, AnswerCache(tmp_path))
    answer = engine.answer("arrays")
    answer["bytes"] = b"spoilt"
    with pytest.raises(ValueError, match="read-only"):
        answer["floats"][0] = 9
    assert engine.answer("arrays")["bytes"] == b"\x00\xff"
    assert codec.decode(codec.encode(answer))["bytes"] == b"spoilt"
