"""Questions about a feature space, asked inline about 120 digits."""

import io
import zipfile

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score

from cnnviz.compute.codec import encode
from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.questions import space
from cnnviz.datasets.bundled import split_arrays
from cnnviz.embedding.placing import landing
from cnnviz.embedding.quality import knn_accuracy
from cnnviz.embedding.regions import GRID
from cnnviz.errors import BadInput, CnnvizError, NotFound, NotPossible
from cnnviz.inference.passes import run_pass
from cnnviz.models.cards import Card, Layer

MODEL = "shipped:mnist_lenet5"
DIGITS = {"model": MODEL, "dataset": "mnist"}
SOME = {**DIGITS, "limit": 120}


@pytest.fixture(scope="module")
def inline():
    return InlineEngine()


@pytest.fixture(scope="module")
def pca_map(inline):
    return inline.answer("embedding", **SOME, method="pca")


@pytest.fixture(scope="module")
def tsne_map(inline):
    return inline.answer("embedding", **SOME, perplexity=10)


@pytest.fixture(scope="module")
def features(inline, pca_map):
    """What the network makes of the same images, asked without anything that is kept."""
    from cnnviz.datasets.loading import load_dataset

    data = load_dataset("mnist", "test").subset(pca_map["indices"])
    found = run_pass(inline._models.get(MODEL), data, ["dense_relu_2"])
    return found.features["dense_relu_2"], found.probabilities


def test_a_map_is_of_the_layers_features(pca_map, features):
    rows, probabilities = features
    assert pca_map["layer"] == "dense_relu_2" and pca_map["features"] == 84
    expected = PCA(2, svd_solver="full").fit_transform(rows)
    for axis in range(2):
        found = pca_map["points"][:, axis]
        sign = np.sign(found @ expected[:, axis])
        np.testing.assert_allclose(sign * found, expected[:, axis], rtol=0.02, atol=0.05)
    _, labels = split_arrays("mnist", "test")
    np.testing.assert_array_equal(labels[pca_map["indices"]], pca_map["labels"])
    np.testing.assert_array_equal(pca_map["predicted"], probabilities.argmax(axis=1))
    np.testing.assert_allclose(pca_map["confidence"], probabilities.max(axis=1), rtol=1e-3)
    own = probabilities[np.arange(120), pca_map["labels"]]
    np.testing.assert_allclose(pca_map["loss"], -np.log(own), rtol=1e-2, atol=1e-4)


def test_its_numbers_equal_scikit_learns(pca_map, tsne_map, features):
    rows, _ = features
    for found in (pca_map, tsne_map):
        expected = trustworthiness(rows, found["points"], n_neighbors=10)
        assert found["trustworthiness"] == pytest.approx(expected, abs=1e-3)
        assert found["silhouette"] == pytest.approx(
            silhouette_score(rows, found["labels"]), abs=1e-3
        )
        own = knn_accuracy(rows, found["labels"])
        assert found["knn_features"] == pytest.approx(own, abs=0.02)
        assert found["knn_accuracy"] == knn_accuracy(found["points"], found["labels"])
        assert found["regions"].shape == (GRID, GRID)
    assert tsne_map["trustworthiness"] > pca_map["trustworthiness"]


def test_three_dimensions_another_layer_and_positions(inline):
    found = inline.answer(
        "embedding", **SOME, method="pca", dimensions=3, layer="relu_2", pooling="flat"
    )
    assert found["points"].shape == (120, 3) and found["axes"].shape == (3, 1600)
    assert found["regions"] is None and found["layer"] == "relu_2"


def test_an_image_finds_its_neighbours(inline, pca_map, tsne_map, features):
    rows, _ = features
    outside = int(np.setdiff1d(np.arange(200), pca_map["indices"])[0])
    image = f"data:mnist/test/{outside}"
    found = inline.answer("place_image", **SOME, image=image)
    distances = np.linalg.norm(rows - found["features"], axis=1)
    np.testing.assert_array_equal(found["nearest"][0], distances.argmin())
    np.testing.assert_allclose(found["distances"], np.sort(distances)[:12], rtol=5e-3)
    assert found["inside"] is None and found["placed_by"] == 12
    _, labels = split_arrays("mnist", "test")
    assert tsne_map["labels"][found["nearest"][0]] == labels[outside]
    place = landing(tsne_map["points"], found["nearest"][: found["placed_by"]])
    own = tsne_map["points"][tsne_map["labels"] == labels[outside]].mean(axis=0)
    middles = [tsne_map["points"][tsne_map["labels"] == c].mean(axis=0) for c in range(10)]
    assert np.linalg.norm(place - own) == min(np.linalg.norm(place - m) for m in middles)
    straight = pca_map["axes"] @ (found["features"] - pca_map["centre"])
    assert np.linalg.norm(straight - pca_map["points"].mean(axis=0)) < 100


def test_an_image_of_the_map_is_its_own_point(inline, pca_map):
    index = int(pca_map["indices"][5])
    found = inline.answer("place_image", **SOME, image=f"data:mnist/test/{index}")
    assert found["inside"] == 5 and 5 not in found["nearest"]
    straight = pca_map["axes"] @ (found["features"] - pca_map["centre"])
    np.testing.assert_allclose(straight, pca_map["points"][5], rtol=0.01, atol=0.1)
    other = inline.answer("place_image", **SOME, image=f"data:mnist/train/{index}")
    assert other["inside"] is None


def test_a_photo_is_unlike_all_digits(inline):
    assert inline.answer("place_image", **SOME, image="photo:chelsea")["farther_than"] > 0.9


def test_classes_separate_from_layer_to_layer(inline):
    found = inline.answer("layer_separation", **SOME)
    assert found["layers"] == ["relu_1", "relu_2", "dense_relu_1", "dense_relu_2"]
    assert found["knn"][0] < 0.6 < 0.85 < found["knn"][-1]
    assert found["silhouette"][0] < found["silhouette"][-1]
    assert found["chance"] == pytest.approx(0.1, abs=0.02) and found["count"] == 120


def test_maps_of_all_layers_lie_alike(inline):
    found = inline.answer("layer_maps", **{**DIGITS, "limit": 60})
    points = found["points"].astype(np.float64)
    assert points.shape == (4, 60, 2) and found["points"].dtype == np.float16
    assert np.isfinite(found["trustworthiness"]).all()
    for before, after in zip(points[:-1], points[1:], strict=True):
        # No turn of one map brings it nearer to the next one than it lies already.
        gap = np.linalg.norm(before - after)
        for angle in np.linspace(0.2, 6, 20):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            assert gap <= np.linalg.norm(before @ turn - after) + 0.02


def test_files_for_tensorboard(inline):
    data = inline.answer("projector", **{**DIGITS, "limit": 30})["data"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        rows = archive.read("tensors.tsv").splitlines()
        lines = archive.read("metadata.tsv").decode().splitlines()
    assert len(rows) == 30 and len(rows[0].split(b"\t")) == 84
    assert lines[0].split("\t") == ["index", "class", "called", "confidence", "right"]
    assert len(lines) == 31


def test_ten_thousand_points_are_less_than_three_megabytes():
    count = 10_000
    answer = {
        "points": np.zeros((count, 2), np.float32),
        "regions": np.zeros((GRID, GRID), np.uint8),
        **{k: np.zeros(count, np.int32) for k in ("labels", "predicted", "indices")},
        **{k: np.zeros(count, np.float16) for k in ("confidence", "loss")},
    }
    assert len(encode(answer)) < 300_000


def test_the_way_ends_at_the_layer_of_features():
    layers = [Layer("input", "InputLayer", (8, 8, 3))]
    for i in range(30):
        layers.append(Layer(f"conv_{i}", "Conv2D", (8, 8, 4), inputs=(layers[-1].name,)))
    layers.append(Layer("pool", "GlobalAveragePooling2D", (4,), inputs=("conv_29",)))
    card = Card("t", ("a", "b"), (8, 8, 3), layers=tuple(layers), feature_layer="pool")
    found = space.path_of(card, "flat")
    assert len(found) == 12 and found[0] == "conv_0" and found[-2:] == ["conv_29", "pool"]
    averaged = space.path_of(card, "mean")  # an average of averages is no other layer
    assert len(averaged) == 12 and "conv_29" not in averaged and averaged[-1] == "pool"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("embedding", {"limit": 9}),
        ("embedding", {"limit": 10_001}),
        ("embedding", {"limit": "all"}),
        ("embedding", {"seed": -1}),
        ("embedding", {"method": "umap"}),
        ("embedding", {"method": ["tsne"]}),
        ("embedding", {"perplexity": 1}),
        ("embedding", {"perplexity": 10**6}),
        ("embedding", {"perplexity": 30.5}),
        ("embedding", {"dimensions": 4}),
        ("embedding", {"dimensions": True}),
        ("embedding", {"pooling": "max"}),
        ("embedding", {"layer": "no such layer"}),
        ("embedding", {"layer": {"a": 1}}),
        ("embedding", {"dataset": "../../etc"}),
        ("embedding", {"split": "secret"}),
        ("embedding", {"class_map": [99] * 10}),
        ("place_image", {"image": "photo:../../x"}),
        ("place_image", {"image": 7}),
        ("place_image", {"image": "data:mnist/test/999999999"}),
        ("layer_separation", {"limit": 5}),
        ("layer_separation", {"limit": 10_000}),
        ("layer_maps", {"pooling": None}),
        ("projector", {"limit": 10**9}),
    ],
)
def test_what_links_may_hold_gets_a_sentence(inline, name, parameters):
    asked = {**SOME, **({"image": "photo:coffee"} if name == "place_image" else {}), **parameters}
    with pytest.raises(CnnvizError) as caught:
        inline.answer(name, **asked)
    assert isinstance(caught.value, BadInput | NotFound | NotPossible), repr(caught.value)
