import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from cnnviz import storage
from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput, Cancelled, NotFound, NotPossible
from cnnviz.inference import kept_passes
from cnnviz.inference.kept_passes import look
from cnnviz.inference.passes import run_pass
from tests.inference import networks


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def network():
    return networks.flat()


def dataset(network, count, seed=0, split="test"):
    images = networks.images(network, count)
    labels = np.random.default_rng(seed).integers(0, 5, count)
    return Dataset("blobs", split, images, labels, tuple("abcde"))


def seen_files():
    return sorted(storage.area("cache").glob("passes/*/*.seen"))


def test_a_kept_pass_gives_what_a_pass_gives_and_looks_only_once(network, monkeypatch):
    model, data = networks.model(network), dataset(network, 300)
    expected = run_pass(model, data, ["conv_2", "logits"])
    first = look(model, "m", data, layers=["conv_2", "logits"])
    np.testing.assert_array_equal(first.probabilities, expected.probabilities)
    for name in ("conv_2", "logits"):
        assert first.features[name].dtype == np.float16
        np.testing.assert_allclose(
            first.features[name], expected.features[name], rtol=1e-3, atol=1e-4
        )
    looked = []
    monkeypatch.setattr(model, "prepare", lambda images: looked.append(len(images)))
    again = look(model, "m", data, layers=["conv_2", "logits"])
    np.testing.assert_array_equal(again.probabilities, first.probabilities)
    assert looked == []


def test_only_missing_rows_are_looked_at_in_any_order(network):
    model, data = networks.model(network), dataset(network, 100)
    whole = run_pass(model, data).probabilities
    rows = np.array([70, 3, 4, 5, 99])
    done = []
    some = look(model, "m", data, rows, report=lambda f, _: done.append(f))
    np.testing.assert_allclose(some.probabilities, whole[rows], rtol=1e-5)
    prepared = []
    original = model.prepare
    model.prepare = lambda images: prepared.append(len(images)) or original(images)
    everything = look(model, "m", data)
    assert sum(prepared) == 95
    np.testing.assert_allclose(everything.probabilities, whole, rtol=1e-5)


def test_other_models_data_layers_and_poolings_are_kept_apart(network):
    model, data = networks.model(network), dataset(network, 20)
    look(model, "m", data, layers=["conv_2"])
    look(model, "other", data)
    look(model, "m", dataset(network, 20, seed=1))
    look(model, "m", dataset(network, 20, split="train"))
    assert len({f.parent for f in seen_files()}) == 4
    flat = look(model, "m", data, layers=["conv_2"], pooling="flat").features["conv_2"]
    assert flat.shape == (20, 4 * 4 * 8)
    mean = look(model, "m", data, layers=["conv_2"]).features["conv_2"]
    np.testing.assert_allclose(flat.reshape(20, 16, 8).mean(1), mean, rtol=2e-2, atol=2e-3)


def test_a_cancelled_pass_goes_on_where_it_was(network):
    model, data = networks.model(network), dataset(network, 600)
    calls = []

    def stop_after_two():
        calls.append(1)
        if len(calls) > 2:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        look(model, "m", data, check_cancelled=stop_after_two)
    assert np.fromfile(seen_files()[0], np.uint8).sum() == 512
    left = []
    original = model.prepare
    model.prepare = lambda images: left.append(len(images)) or original(images)
    look(model, "m", data)
    assert sum(left) == 88


def test_a_killed_pass_leaves_only_true_rows(network, home):
    """The process dies between writing rows and marking them, and after marking some."""
    code = """
        import os, numpy as np
        from cnnviz.inference import kept_passes
        from tests.inference import networks
        from tests.inference.test_kept_passes import dataset
        network = networks.flat()
        original, calls = kept_passes._write, []
        def write(file, position, data):
            calls.append(1)
            if len(calls) == 6:
                os.kill(os.getpid(), 9)
            original(file, position, data)
        kept_passes._write, kept_passes.SETTLE_S = write, 0
        kept_passes.look(networks.model(network), "m", dataset(network, 900), layers=["conv_2"])
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "CNNVIZ_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        timeout=120,
    )
    assert ended.returncode == -9, ended.stderr.decode()[-2000:]
    model, data = networks.model(network), dataset(network, 900)
    expected = run_pass(model, data, ["conv_2"])
    found = look(model, "m", data, layers=["conv_2"])
    np.testing.assert_allclose(found.probabilities, expected.probabilities, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        found.features["conv_2"], expected.features["conv_2"], rtol=1e-3, atol=1e-4
    )


def test_the_disk_keeps_what_was_used_last(network):
    model = networks.model(network)
    for seed in range(4):
        look(model, "m", dataset(network, 400, seed), layers=["conv_2"], disk_bytes=60_000)
        for folder in storage.area("cache").glob("passes/*"):
            state = folder.stat()
            os.utime(folder, ns=(state.st_atime_ns, state.st_mtime_ns - 10**9))
    folders = list(storage.area("cache").glob("passes/*"))
    assert 1 <= len(folders) < 4
    before = [f.name for f in folders]
    look(model, "m", dataset(network, 400, 3), layers=["conv_2"], disk_bytes=60_000)
    assert [f.name for f in storage.area("cache").glob("passes/*")] == before


def test_a_full_disk_is_a_sentence(network, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_passes.os, "pwrite", full)
    with pytest.raises(NotPossible, match="disk is full"):
        look(networks.model(network), "m", dataset(network, 10))


def test_only_what_is_kept_is_given_where_that_is_asked(network):
    model, images = networks.model(network), dataset(network, 30)
    some = np.arange(10)
    kept = look(model, "m", images, some, ["conv_2"])
    again = look(model, "m", images, some[::-1], ["conv_2"], only_kept=True)
    np.testing.assert_array_equal(again.features["conv_2"], kept.features["conv_2"][::-1])
    for rows, layers in ((np.arange(11), ["conv_2"]), (some, ["conv_2", "conv_1"])):
        with pytest.raises(NotPossible, match="not looked at"):
            look(model, "m", images, rows, layers, only_kept=True)


def test_bad_passes_are_sentences(network):
    model = networks.model(network)
    with pytest.raises(BadInput, match="no images"):
        look(model, "m", dataset(network, 10), np.zeros(0, int))
    with pytest.raises(NotFound, match="“nothing”"):
        look(model, "m", dataset(network, 10), layers=["nothing"])
