"""Layouts that people have, read from a folder and from a zip alike."""

import os

import numpy as np
import pytest

from cnnviz.datasets import class_folders
from cnnviz.datasets.folders import read_folder
from cnnviz.datasets.zips import read_zip
from cnnviz.errors import BadDataset
from tests.datasets.pictures import COLOURS, flat, packed, picture, write


@pytest.fixture(params=["folder", "zip"])
def read(request, tmp_path):
    def reader(files, **options):
        if request.param == "zip":
            return read_zip(packed(files), **options)
        return read_folder(write(tmp_path / "data", files), **options)

    return reader


def counts(splits) -> dict:
    return {
        split: np.bincount(d.labels, minlength=len(d.class_names)).tolist()
        for split, d in splits.items()
    }


def test_flat_folders_are_split_the_same_way_every_time(read):
    splits = read(flat(20))
    assert counts(splits) == {"train": [16] * 3, "val": [2] * 3, "test": [2] * 3}
    assert splits["train"].class_names == ("cat", "dog", "owl")
    assert splits["train"].images.shape == (48, 64, 64, 3)
    for split, dataset in splits.items():
        assert dataset.split == split and dataset.labels.dtype == np.int64
        for image, label in zip(dataset.images, dataset.labels, strict=True):
            np.testing.assert_array_equal(image[40, 40], list(COLOURS.values())[label])
    again = read(flat(20))
    for split in splits:
        np.testing.assert_array_equal(splits[split].images, again[split].images)
    seen = [bytes(image) for dataset in splits.values() for image in dataset.images]
    assert len(set(seen)) == 60  # no image lies in two splits


@pytest.mark.parametrize(
    "names",
    [("train", "val", "test"), ("Train", "VALIDATION", "Test"), ("training", "valid", "TESTING")],
)
def test_split_folders_in_any_case(read, names):
    files = {}
    for split, count in zip(names, (5, 2, 3), strict=True):
        files |= {f"{split}/{name}": data for name, data in flat(count).items()}
    assert counts(read(files)) == {"train": [5] * 3, "val": [2] * 3, "test": [3] * 3}


def test_a_missing_split_is_taken_from_the_training_images(read):
    files = {f"train/{n}": d for n, d in flat(10).items()}
    files |= {f"test/{n}": d for n, d in flat(4).items()}
    assert counts(read(files)) == {"train": [9] * 3, "val": [1] * 3, "test": [4] * 3}


def test_wrapping_folders_and_litter_go(read):
    files = {f"My set/pictures/{n}": d for n, d in flat(10).items()}
    litter = ["__MACOSX/My set/._cat0.png", "My set/.DS_Store", "My set/pictures/cat/Thumbs.db"]
    splits = read(files | dict.fromkeys(litter, b"x") | {"README.txt": b"hello"})
    assert counts(splits)["train"] == [8] * 3
    assert [s.name for s in splits["train"].skipped] in (["README.txt"], [])


def test_only_train_is_a_split_not_a_wrapper(read):
    assert counts(read({f"set/train/{n}": d for n, d in flat(10).items()}))["test"] == [1] * 3


def test_classes_called_like_splits(read):
    vehicles = {"train": (9, 9, 9), "bus": (99, 9, 9)}
    assert read(flat(10, vehicles))["train"].class_names == ("bus", "train")


def test_files_left_out_are_named_with_the_reason(read):
    files = flat(10) | {
        "cat/notes.txt": b"fluffy",
        "dog/broken.png": picture()[:60],
        "loose.png": picture(),
    }
    skipped = {s.name: s.reason for s in read(files)["val"].skipped}
    assert set(skipped) == {"cat/notes.txt", "dog/broken.png", "loose.png"}
    assert "not an image" in skipped["cat/notes.txt"]
    assert "damaged" in skipped["dog/broken.png"]
    assert "folder of a class" in skipped["loose.png"]


def test_a_class_without_training_images_is_left_out(read):
    files = {f"train/{n}": d for n, d in flat(10).items()}
    files |= {"test/cat/1.png": picture(), "test/yak/1.png": picture()}
    splits = read(files)
    assert counts(splits)["test"] == [1, 0, 0]
    assert [s.name for s in splits["test"].skipped] == ["test/yak/1.png"]


def test_images_in_folders_of_a_class(read):
    files = {f"{n.split('/')[0]}/2024/{n.split('/')[1]}": d for n, d in flat(10).items()}
    assert counts(read(files))["train"] == [8] * 3


def test_natural_order_of_class_names(read):
    names = {f"class {i}": (i, i, i) for i in (10, 2, 1)}
    assert read(flat(3, names))["train"].class_names == ("class 1", "class 2", "class 10")


def test_class_names_are_text(read):
    names = {"<b>猫</b>\n": 0, "x" * 120: 9} | {"a": 5}
    names = {n.replace("/", "⁄"): v for n, v in names.items()}
    shown = read(flat(3, names))["train"].class_names
    assert shown == ("<b>猫<⁄b>", "a", "x" * 80)


def test_grey_only_where_all_images_are_grey(read):
    grey = {"dark": 20, "light": 220}
    assert read(flat(5, grey))["train"].images.shape[-1] == 1
    assert read(flat(5, grey), channels=3)["train"].images.shape[-1] == 3
    mixed = flat(5, grey) | {"dark/colour.png": picture((200, 0, 0))}
    assert read(mixed)["train"].images.shape[-1] == 3
    assert read(mixed, channels=1)["train"].images.shape[-1] == 1


def test_size_and_fit(read):
    files = {f"{c}/{i}.png": picture((90, 90, 90), size=(40, 20)) for c in "ab" for i in range(3)}
    padded = read(files, size=(16, 24), how="pad")["train"].images
    assert padded.shape[1:3] == (16, 24) and (padded[:, 0] == 0).all()
    assert (read(files, size=(16, 24))["train"].images[:, 1:] == 90).all()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "at least two"),
        ({"cat/1.png": b""}, "at least two"),
        ({"1.png": b"", "2.png": b""}, "at least two"),
        (flat(5) | {"yak/notes.txt": b"no images"}, "“yak” holds no image"),
        (flat(5) | {"yak/1.png": picture()}, "“yak” has only 1 images"),
        ({f"test/{n}": d for n, d in flat(5).items()} | {"x/1.png": b""}, "."),
    ],
)
def test_what_is_no_data_set_is_a_sentence(read, files, sentence, tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(BadDataset, match=sentence):
        read(files)


def test_an_empty_class_folder_is_a_sentence(tmp_path):
    write(tmp_path, flat(5))
    (tmp_path / "yak").mkdir()
    with pytest.raises(BadDataset, match="“yak” holds no image"):
        read_folder(tmp_path)


def test_a_pipe_in_a_folder_is_left_out_not_waited_for(tmp_path):
    os.mkfifo(write(tmp_path, flat(5)) / "cat" / "pipe.png")
    skipped = read_folder(tmp_path)["train"].skipped
    assert [(s.name, s.reason) for s in skipped] == [("cat/pipe.png", "This file cannot be read.")]


def test_caps(read, monkeypatch):
    monkeypatch.setattr(class_folders, "MAX_IMAGES", 29)
    with pytest.raises(BadDataset, match="30 files; up to 29"):
        read(flat(10))
    monkeypatch.setattr(class_folders, "MAX_IMAGES", 30)
    with pytest.raises(BadDataset, match="Choose a smaller size"):
        read(flat(10), size=(5000, 5000))
    monkeypatch.setattr(class_folders, "MAX_CLASSES", 2)
    with pytest.raises(BadDataset, match="3 classes; up to 2"):
        read(flat(10))


def test_progress_and_giving_up(read):
    fractions = []
    read(flat(20), report=lambda fraction, text: fractions.append(fraction))
    assert fractions[0] == 0 and fractions == sorted(fractions)

    class NobodyWaits(Exception):
        pass

    def cancelled():
        raise NobodyWaits

    with pytest.raises(NobodyWaits):
        read(flat(20), check_cancelled=cancelled)
