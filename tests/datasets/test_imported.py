import json

import numpy as np
import pytest

from cnnviz import storage, uploads
from cnnviz.datasets import imported
from cnnviz.datasets.image_references import open_image
from cnnviz.datasets.imported import (
    delete_imported,
    describe_imported,
    import_dataset,
    list_imported,
    load_imported,
    original_sizes,
)
from cnnviz.datasets.loading import load_dataset
from cnnviz.datasets.zips import read_zip
from cnnviz.errors import BadDataset, BadInput, NotFound
from tests.datasets.pictures import flat, packed, picture, write

pytestmark = pytest.mark.usefixtures("home")


def test_what_was_imported_is_what_was_packed():
    data = packed(flat(20) | {"cat/notes.txt": b"fluffy"})
    identifier = import_dataset(data, "../../Animals.zip", owner="ann")
    expected = read_zip(data)
    for split in ("train", "val", "test"):
        dataset = load_dataset(f"upload:{identifier}", split)
        assert dataset.images.dtype == np.uint8 and type(dataset.images) is np.ndarray
        np.testing.assert_array_equal(dataset.images, expected[split].images)
        np.testing.assert_array_equal(dataset.labels, expected[split].labels)
        assert dataset.class_names == ("cat", "dog", "owl") and dataset.name == "Animals"
    described = describe_imported(identifier)
    assert described.counts == {"train": (16,) * 3, "val": (2,) * 3, "test": (2,) * 3}
    assert described.shape == (64, 64, 3) and described.reference == f"upload:{identifier}"
    assert [s.name for s in described.skipped] == ["cat/notes.txt"]
    assert described.skipped_in_all == 1
    assert len(load_dataset(described.reference, limit=6)) == 6


def test_from_a_folder_and_a_file(tmp_path):
    folder = write(tmp_path / "animals", flat(5))
    (tmp_path / "animals.zip").write_bytes(packed(flat(5)))
    one = load_imported(import_dataset(folder, "animals"), "train")
    two = load_imported(import_dataset(tmp_path / "animals.zip", "animals.zip"), "train")
    np.testing.assert_array_equal(one.images, two.images)


def test_grey_images_and_another_size():
    data = packed(flat(5, {"dark": 20, "light": 220}))
    identifier = import_dataset(data, "shades.zip", size=(28, 28))
    assert load_dataset(f"upload:{identifier}").images.shape[1:] == (28, 28, 1)
    assert load_dataset(f"upload:{identifier}", size=(32, 40)).images.shape[1:] == (32, 40, 1)


def test_an_image_of_it_has_a_reference():
    identifier = import_dataset(packed(flat(5)), "animals.zip")
    dataset = load_imported(identifier, "test")
    opened = open_image(f"data:upload:{identifier}/test/2")
    np.testing.assert_array_equal(opened.image, dataset.images[2])
    assert opened.label == dataset.class_names[dataset.labels[2]] and opened.title == "animals"
    with pytest.raises(NotFound, match="no image number 99"):
        open_image(f"data:upload:{identifier}/test/99")


@pytest.mark.parametrize(
    "data", [b"", b"text", packed({"cat/1.png": picture()}), packed(flat(3) | {"../x": b""})]
)
def test_nothing_is_kept_of_what_is_no_data_set(data, home):
    with pytest.raises(BadDataset):
        import_dataset(data, "x.zip")
    assert list((home / "uploads").iterdir()) == []


def test_everybody_sees_and_deletes_their_own():
    hers = import_dataset(packed(flat(3)), "hers.zip", owner="ann")
    his = import_dataset(packed(flat(3)), "his.zip", owner="bob")
    later = import_dataset(packed(flat(3)), "later.zip", owner="ann")
    uploads.save_image(picture(), "ann")
    assert [d.identifier for d in list_imported("ann")] == [later, hers]
    with pytest.raises(NotFound, match="of yours"):
        delete_imported(his, "ann")
    delete_imported(hers, "ann")
    assert [d.identifier for d in list_imported("ann")] == [later]
    with pytest.raises(NotFound):
        load_dataset(f"upload:{hers}")
    assert not [p for p in storage.area("uploads").iterdir() if hers in p.name]
    assert load_imported(his, "train").images.size


def test_a_long_list_of_skipped_files_is_cut_but_counted(monkeypatch):
    monkeypatch.setattr(imported, "MAX_SKIPPED", 3)
    files = flat(3) | {f"cat/{i}.txt": b"x" for i in range(7)}
    described = describe_imported(import_dataset(packed(files), "x.zip"))
    assert len(described.skipped) == 3 and described.skipped_in_all == 7


def test_only_what_there_is():
    identifier = import_dataset(packed(flat(3)), "x.zip")
    with pytest.raises(BadInput, match="A split is one of"):
        load_dataset(f"upload:{identifier}", "../train")
    with pytest.raises(NotFound, match="not a data set"):
        load_dataset(f"upload:{uploads.save_image(picture())}")
    for name in ("", "../..", "0" * 24, "x" * 500):
        with pytest.raises(NotFound):
            load_dataset(f"upload:{name}")


def test_the_file_says_only_text():
    identifier = import_dataset(packed(flat(3)), "a" * 500 + ".zip", owner="ann")
    meta = json.loads((storage.entry("uploads", identifier) / "meta.json").read_text())
    assert meta["kind"] == "dataset" and meta["owner"] == "ann" and len(meta["title"]) == 80


def test_the_sizes_images_came_in_are_kept():
    files = flat(5) | {"cat/zz_wide.png": picture((1, 2, 3), size=(40, 7))}
    files |= {
        f"test/{name}/{i}.png": picture(shade=i, size=(9, 5 + i))
        for i in range(3)
        for name in ("cat", "dog", "owl")
    }
    files = {n if n.startswith("test") else f"train/{n}": d for n, d in files.items()}
    files["test/cat/0_broken.png"] = picture()[:50]
    identifier = import_dataset(packed(files), "x.zip")
    dataset = load_imported(identifier, "test")
    sizes = original_sizes(identifier, "test")
    assert sizes.shape == (len(dataset), 2) == (9, 2) and sizes.dtype == np.int32
    assert sizes.tolist() == 3 * [[5, 9], [6, 9], [7, 9]], "those that could be read, in order"
    train = original_sizes(identifier, "train")
    wide = (load_imported(identifier, "train").images == (1, 2, 3)).all(axis=3).mean(axis=(1, 2))
    assert train[wide > 0.5].tolist() == [[7, 40]]


def test_data_sets_without_sizes_still_open():
    identifier = import_dataset(packed(flat(4)), "x.zip")
    for split in ("train", "val", "test"):
        (storage.entry("uploads", identifier) / f"{split}_sizes.npy").unlink()
    assert original_sizes(identifier, "test") is None
    assert len(load_imported(identifier, "test")) == 3
    with pytest.raises(BadInput):
        original_sizes(identifier, "../test")
    with pytest.raises(NotFound):
        original_sizes("../..", "test")
