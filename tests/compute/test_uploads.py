"""A stranger's network gets the preprocessing built in that it was trained with."""

import keras
import numpy as np
import pytest

from cnnviz import quotas, uploads
from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.questions.uploads import with_preprocessing
from cnnviz.compute.upload_choices import SCALINGS
from cnnviz.datasets.image_references import open_image
from cnnviz.errors import BadInput, BadModel, OverQuota
from cnnviz.models.references import ModelReference
from cnnviz.models.uploaded import COPY, opened_copy

PHOTO = "photo:chelsea"


def network(shape=(20, 24, 3), classes=4):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.layers.Input(shape),
            keras.layers.Conv2D(5, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )


def by_hand(scaling, x):
    """The customary formulas, written down once more."""
    if scaling == "zero_one":
        return x / 255
    if scaling == "minus_one_one":
        return x / 127.5 - 1
    if scaling == "imagenet":
        return (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    if scaling == "caffe":
        return x - [123.68, 116.779, 103.939]
    return x


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_preprocessing_is_inside_the_network(scaling, order, tmp_path):
    original = network()
    wrapped = with_preprocessing(original, scaling, order)
    x = np.random.default_rng(0).integers(0, 256, (3, 20, 24, 3)).astype(np.float32)
    wanted = by_hand(scaling, x)
    if order == "bgr":
        wanted = wanted[..., ::-1]
    wanted = original.predict(wanted.astype(np.float32), verbose=0)
    np.testing.assert_allclose(wrapped.predict(x, verbose=0), wanted, rtol=1e-3, atol=1e-5)
    wrapped.save(tmp_path / "kept.keras")
    again = keras.saving.load_model(tmp_path / "kept.keras", safe_mode=True, compile=False)
    np.testing.assert_allclose(again.predict(x, verbose=0), wanted, rtol=1e-3, atol=1e-5)


@pytest.fixture(scope="module")
def engine():
    return InlineEngine()


@pytest.fixture(scope="module")
def upload(tmp_path_factory):
    file = tmp_path_factory.mktemp("files") / "mine.keras"
    network().save(file)
    return uploads.save_file(file.read_bytes(), "mine.keras", "somebody")


def test_from_a_file_to_a_model(engine, upload):
    said = engine.answer("inspect_upload", upload=upload)
    assert said["input_shape"] == [20, 24, 3] and said["classes"] == 4
    assert said["output_activation"] == "softmax" and said["has_rescaling"] is False
    answers = {"scaling": "imagenet", "channels_order": "bgr"}
    preview = engine.answer("preview_upload", upload=upload, images=[PHOTO], **answers)
    names = ["ant", "bee", "cat", "dog"]
    kept = engine.answer(
        "keep_upload", upload=upload, title=" Mine ", class_names=names, owner="somebody", **answers
    )
    card = ModelReference.parse(kept["reference"]).card
    assert card.title == "Mine" and card.class_names == tuple(names)
    found = engine.answer("predict", model=kept["reference"], image=PHOTO)
    first = preview["answers"][0][0]
    assert found["classes"][0]["share"] == pytest.approx(first["share"], abs=1e-5)
    assert found["classes"][0]["name"] == names[first["index"]]
    heat = engine.answer("heatmaps", model=kept["reference"], image=PHOTO)
    assert heat["maps"].shape[1:] == (18, 22)
    assert open_image(PHOTO).image.ndim == 3


def test_our_copy_counts_towards_the_quota(tmp_path, monkeypatch):
    """A file of zeros is small as it comes: h5py can pack it."""
    network().save(tmp_path / "mine.keras")
    data = (tmp_path / "mine.keras").read_bytes()
    monkeypatch.setenv(quotas.LIMIT, str(1.5 * len(data) / 1e6))
    upload = uploads.save_file(data, "mine.keras", "poor")
    with pytest.raises(OverQuota):
        opened_copy(upload)
    folder = uploads.file_of(upload).parent
    assert not [f.name for f in folder.iterdir() if f.suffix == ".keras" and f.name[:5] == ".new-"]
    assert not (folder / COPY).exists()
    monkeypatch.setenv(quotas.LIMIT, str(3 * len(data) / 1e6))
    assert opened_copy(upload).is_file()


def test_a_network_like_a_line_is_not_kept_with_padding(engine, tmp_path):
    line = keras.Sequential(
        [keras.Input((1, 4096, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
    )
    line.save(tmp_path / "line.keras")
    upload = uploads.save_file((tmp_path / "line.keras").read_bytes(), "line.keras", "somebody")
    given = {"upload": upload, "title": "Line", "class_names": ["a", "b"], "owner": "somebody"}
    with pytest.raises(BadInput, match="too narrow"):
        engine.answer("keep_upload", **given, fit="pad")
    assert engine.answer("keep_upload", **given, fit="stretch")["reference"].startswith("model:")


def test_a_network_of_any_size_is_given_one(tmp_path):
    model = with_preprocessing(network((None, None, 3)), "none", "rgb", 32)
    assert model.inputs[0].shape == (None, 32, 32, 3)
    assert with_preprocessing(network((None, None, 1)), "caffe", "bgr").inputs[0].shape[1] == 224


@pytest.mark.parametrize(
    "answers",
    [
        {"class_names": ["a", "b", "c"]},
        {"class_names": ["a", "b", "c", "c"]},
        {"class_names": ["a", "b", "c", " "]},
        {"class_names": "abcd"},
        {"title": ""},
        {"scaling": "logarithmic"},
        {"fit": "roll"},
        {"upload": "0" * 24},
    ],
)
def test_unusable_answers_get_a_sentence(engine, upload, answers):
    given = {"upload": upload, "title": "Mine", "class_names": list("abcd"), **answers}
    with pytest.raises((BadInput, BadModel) if "upload" not in answers else Exception) as caught:
        engine.answer("keep_upload", **given)
    assert type(caught.value).__name__ != "Unexpected"


def test_one_of_several_answers_is_kept(engine, tmp_path):
    base = network()
    more = keras.layers.Dense(2, activation="sigmoid", name="outdoors")(base.layers[-2].output)
    keras.Model(base.inputs[0], [base.outputs[0], more]).save(tmp_path / "two.keras")
    data = (tmp_path / "two.keras").read_bytes()
    upload = uploads.save_file(data, "two.keras", "somebody")
    said = engine.answer("inspect_upload", upload=upload)
    assert said["outputs"] == [base.layers[-1].name, "outdoors"]
    assert (said["output"], said["classes"]) == (base.layers[-1].name, 4)
    said = engine.answer("inspect_upload", upload=upload, output="outdoors")
    assert (said["classes"], said["output_activation"]) == (2, "sigmoid")
    kept = engine.answer(
        "keep_upload", upload=upload, title="T", class_names=["sky", "sun"], output="outdoors"
    )
    card = ModelReference.parse(kept["reference"]).card
    assert card.answers == "several"
    assert card.class_names == ("sky", "sun")
    with pytest.raises(BadModel, match="several outputs"):
        engine.answer("preview_upload", upload=upload, images=[PHOTO])
    with pytest.raises(BadModel, match="no output “garden”"):
        engine.answer("preview_upload", upload=upload, images=[PHOTO], output="garden")
