"""Models and Data: bring a file, answer what it does not say, use it, and let it go again."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from cnnviz import images
from cnnviz.datasets.bundled import split_arrays
from cnnviz.datasets.imported import list_imported
from cnnviz.models.store import list_models
from cnnviz.storage import SHIPPED


def test_a_strangers_model_is_opened_kept_and_deleted(open_page):
    at = open_page("models")
    data = (SHIPPED / "mnist_lenet5" / "model.keras").read_bytes()
    at.file_uploader(key="model-upload").upload("my digits.keras", data).run()
    assert not at.exception and not at.error
    said = " ".join(m.value for m in at.markdown)
    assert "28 × 28" in said and "10" in said
    upload = next(iter(at.session_state["kept-model-files"].values()))
    # the file scales the pixels itself, and looks like a network for digits
    assert at.selectbox(key=f"scaling-{upload}").value == "none"
    assert at.selectbox(key=f"polarity-{upload}").value == "light_on_dark"
    at.selectbox(key=f"names-{upload}").select("Digits").run()
    shown = [m.value for m in at.markdown]
    assert any(text.startswith("7 **") for text in shown), "the first test image is a seven"
    at.button(key="keep-model").click().run()
    assert not at.exception and not at.error
    [own] = [e for e in list_models() if e.reference.startswith("model:")]
    assert own.card.title == "my digits"
    assert at.title[0].value == "What is inside a network?"  # it is opened at once

    at = open_page("models")
    at.checkbox(key=f"sure-{own.reference}").check().run()
    at.button(key=f"delete-{own.reference}").click().run()
    assert not [e for e in list_models() if e.reference.startswith("model:")]


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_a_file_that_is_no_model_is_a_sentence(open_page, name):
    at = open_page("models")
    at.file_uploader(key="model-upload").upload(name, b"not a network at all").run()
    assert not at.exception
    assert len(at.error) == 1 and "details" not in at.error[0].value


def test_a_model_is_taken_home(open_page):
    at = open_page("models")
    key = "export-tflite-shipped:mnist_lenet5"
    at.button(key=f"make-{key}").click().run(timeout=180)
    assert not at.exception and not at.error
    assert any("mnist_lenet5.tflite" in b.label for b in at.get("download_button"))


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_a_zip_becomes_a_data_set(open_page):
    pictures, labels = split_arrays("mnist", "val")
    files = {"pictures/notes.txt": b"not an image"}
    for label, name in ((0, "zeros"), (1, "ones")):
        for i, index in enumerate(np.flatnonzero(labels == label)[:20]):
            files[f"pictures/{name}/{i}.png"] = images.encode_png(pictures[index])
    at = open_page("data")
    at.file_uploader(key="data-upload").upload("my <b>digits</b>.zip", zipped(files)).run()
    assert not at.exception and not at.error
    before = " ".join(m.value for m in at.markdown)
    assert "2 classes are in this zip" in before and "training: 40" in before
    kept = [d.title for d in list_imported() if "digits" in d.title]
    assert kept == [], "nothing is kept before it is asked for"
    at.button(key="keep-data").click().run()
    assert not at.exception and not at.error
    assert at.query_params["data"].startswith("upload:")
    said = " ".join(m.value for m in at.markdown)
    assert "training: 32" in said and "test: 4" in said
    assert "<b>" not in said  # a name is text
    assert any("left out" in e.label for e in at.expander)
    at.button(key="delete-data").click().run()
    assert not at.exception
    assert "data" not in at.query_params


def test_a_zip_that_is_no_data_set_is_a_sentence(open_page):
    at = open_page("data")
    at.file_uploader(key="data-upload").upload("empty.zip", zipped({"a.txt": b"a"})).run()
    assert not at.exception
    assert len(at.error) == 1
