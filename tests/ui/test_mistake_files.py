"""Tables and zips of mistakes: harmless in a spreadsheet, on a disk, and true to the images."""

import csv
import io
import zipfile

import numpy as np
import pytest

from cnnviz import images
from cnnviz.datasets.loading import load_dataset
from cnnviz.evaluation.results import Evaluation
from cnnviz.marks import Mark
from cnnviz.ui import mistake_files
from cnnviz.ui.mistake_files import archive, file_name, folder_name, table

EVIL = ("=1+1", "../../etc", "CON", "a/b\\c", "@x")


def evaluation(names=EVIL) -> Evaluation:
    shares = np.array([[0.7, 0.3], [0.6, 0.4], [0.9, 0.1]])
    return Evaluation(
        np.array([0, 1, 4]),
        np.array([[1, 0], [2, 1], [3, 4]]),
        shares,
        np.array([0.3, 0.4, 0.1]),
        np.array([5, 6, 7]),
        tuple(names),
        "mnist",
        "test",
    )


def rows(data: bytes) -> list[dict]:
    assert data.startswith(b"\xef\xbb\xbf")  # or Excel takes the rest for another encoding
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_table_has_what_is_known_of_each_image_in_the_order_of_the_list():
    marks = {5: Mark(True, "看, “look”\nagain"), 99: Mark(True)}
    causes = {"dark": {0, 2}, "pair": {2}}
    found = rows(table(evaluation(), np.array([2, 0]), marks, causes))
    assert tuple(found[0]) == mistake_files.COLUMNS
    assert [r["image"] for r in found] == ["7", "5"]
    assert [r["causes"] for r in found] == ["dark pair", "dark"]
    assert found[1]["note"] == "看, “look”\nagain" and found[1]["marked"] == "1"
    assert float(found[0]["share"]) == 0.9 and float(found[0]["true_share"]) == 0.1
    assert float(found[0]["margin"]) == pytest.approx(0.8)
    assert float(found[0]["loss"]) == pytest.approx(-np.log(0.1), abs=1e-6)


def test_causes_that_are_not_counted_are_not_passed_off_as_none():
    found = rows(table(evaluation(), np.array([0]), {}, None))
    assert found[0]["causes"] == "not counted"
    assert rows(table(evaluation(), np.array([0]), {}, {}))[0]["causes"] == ""


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@x", "\t=1", "\r=1", " =1"])
def test_no_cell_is_a_formula(text):
    found = rows(table(evaluation([text] * 5), np.array([0]), {5: Mark(False, text)}, {}))
    for cell in (found[0]["true"], found[0]["called"], found[0]["note"]):
        assert cell.startswith("'")
    assert mistake_files.harmless("a = b") == "a = b"


def test_a_zip_has_the_very_images_in_folders_with_harmless_names():
    found = evaluation()
    data = archive("mnist", "test", found, np.array([0, 1, 2]), b"table")
    with zipfile.ZipFile(io.BytesIO(data)) as kept:
        names = kept.namelist()
        assert names == [
            "0-1-1/called-1-etc/000005.png",
            "1-etc/called-2-CON/000006.png",
            "4-x/called-3-a-b-c/000007.png",
            "mistakes.csv",
        ]
        assert kept.read("mistakes.csv") == b"table"
        truth = load_dataset("mnist", "test").images
        for name, index in zip(names[:3], (5, 6, 7), strict=True):
            np.testing.assert_array_equal(images.decode(kept.read(name)), truth[index])


def test_a_zip_is_bounded(monkeypatch):
    assert mistake_files.most_in_zip((28, 28, 1)) == 2000
    assert mistake_files.most_in_zip((512, 512, 3)) == 256
    monkeypatch.setattr(mistake_files, "_MOST_IMAGES", 2)
    data = archive("mnist", "test", evaluation(), np.array([0, 1, 2]), b"")
    assert len(zipfile.ZipFile(io.BytesIO(data)).namelist()) == 3


def test_names_of_classes_and_files():
    assert folder_name(3, ["虎 猫"] * 1000) == "003-虎-猫"
    assert folder_name(0, ["../.."]) == "0-class"
    day = r"-\d{4}-\d\d-\d\d\.csv"
    assert mistake_files.re.fullmatch(
        "mistakes-fashion_mnist_vgg" + day, file_name("shipped:fashion_mnist_vgg", "x", "csv")
    )
    assert mistake_files.re.fullmatch(
        "mistakes-My-model" + day, file_name("model:0123", "My model!", "csv")
    )
