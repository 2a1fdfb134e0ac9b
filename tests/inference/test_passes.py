from pathlib import Path

import numpy as np
import pytest

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput, Cancelled, NotFound
from cnnviz.inference.passes import run_pass
from tests.inference import networks


def dataset(network, count):
    images = networks.images(network, count)
    return Dataset("blobs", "test", images, np.zeros(count, np.int64), ("a",))


def test_a_pass_gives_what_predict_gives_and_pooled_features():
    network = networks.flat()
    data = dataset(network, 23)
    seen = run_pass(networks.model(network), data, ["conv_2", "flatten"], batch_size=5)
    expected = network.predict(data.images.astype(np.float32), verbose=0)
    np.testing.assert_allclose(seen.probabilities, expected, rtol=1e-4, atol=1e-6)
    spatial = seen.features["flatten"].reshape(23, 4, 4, 8)
    np.testing.assert_allclose(seen.features["conv_2"], spatial.mean((1, 2)), rtol=1e-5)


def test_a_pass_reports_and_can_be_cancelled():
    network = networks.sequential()
    done = []
    model = networks.model(network)
    run_pass(model, dataset(network, 10), batch_size=4, report=lambda f, _: done.append(f))
    assert done == [0.4, 0.8, 1.0]

    def cancelled():
        if len(done) > 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        run_pass(
            model,
            dataset(network, 100),
            batch_size=4,
            report=lambda f, _: done.append(f),
            check_cancelled=cancelled,
        )
    assert len(done) == 4


def test_bad_passes_are_sentences():
    network = networks.sequential()
    with pytest.raises(BadInput, match="no images"):
        run_pass(networks.model(network), dataset(network, 0))
    with pytest.raises(NotFound, match="“nothing”"):
        run_pass(networks.model(network), dataset(network, 1), ["nothing"])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what is mapped")
def test_images_in_a_file_do_not_pile_up_in_memory(tmp_path):
    network = networks.flat(side=64)
    images = np.memmap(tmp_path / "images", np.uint8, "w+", shape=(4000, 64, 64, 3))  # 49 MB
    data = Dataset("file", "test", images, np.zeros(4000, np.int64), ("a",))
    before, most = mapped_bytes(), 0

    def look(_fraction, _text):
        nonlocal most
        most = max(most, mapped_bytes())

    run_pass(networks.model(network), data, report=look)
    assert most - before < 12_000_000
    assert images[3999].sum() == 0  # still there to be read


def mapped_bytes():
    """Pages of files that are counted to this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssFile"):
            return int(line.split()[1]) * 1024
