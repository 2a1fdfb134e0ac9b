"""What a person confirmed about classes: kept for them alone, and never believed blindly."""

import json

import pytest

from cnnviz import class_maps, storage
from cnnviz.class_maps import read_class_map, write_class_map

PAIR = ("shipped:mnist_lenet5", "upload:" + "a" * 24)
NAMES = (("ones", "twos", "cats"), ("0", "1", "2"))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))


def test_a_confirmed_map_comes_back_to_its_owner_alone():
    assert read_class_map("ann", *PAIR, *NAMES) is None
    write_class_map("ann", *PAIR, *NAMES, (1, 2, None))
    assert read_class_map("ann", *PAIR, *NAMES) == (1, 2, None)
    assert read_class_map("bob", *PAIR, *NAMES) is None
    write_class_map("ann", *PAIR, *NAMES, (2, 1, None))
    assert read_class_map("ann", *PAIR, *NAMES) == (2, 1, None)


@pytest.mark.parametrize(
    "names",
    [(("ones", "twos", "dogs"), NAMES[1]), (NAMES[0], ("0", "2", "1")), (("ones",), ("0",))],
)
def test_it_does_not_count_once_the_classes_are_others(names):
    write_class_map("ann", *PAIR, *NAMES, (1, 2, None))
    assert read_class_map("ann", *PAIR, *names) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"class_map": [1, 2]},
        {"class_map": [1, 3, None]},
        {"class_map": [-1, 1, None]},
        {"class_map": [True, 1, None]},
        {"class_map": ["1", 1, None]},
        {"class_map": [1.0, 1, None]},
        {"class_map": [None, None, None]},
        {"class_map": {"0": 1}},
        {"owner": "bob"},
        {"dataset": "mnist"},
        {"dataset_names": None},
    ],
)
def test_a_hostile_file_counts_as_none(changes):
    write_class_map("ann", *PAIR, *NAMES, (1, 2, None))
    [path] = storage.area("class_maps").iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    assert read_class_map("ann", *PAIR, *NAMES) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"owner": 1}'])
def test_a_damaged_file_counts_as_none_and_is_replaced(content):
    write_class_map("ann", *PAIR, *NAMES, (1, 2, None))
    [path] = storage.area("class_maps").iterdir()
    path.write_bytes(content)
    assert read_class_map("ann", *PAIR, *NAMES) is None
    write_class_map("ann", *PAIR, *NAMES, (1, 2, None))
    assert read_class_map("ann", *PAIR, *NAMES) == (1, 2, None)


def test_a_huge_file_is_not_read(monkeypatch):
    write_class_map("ann", *PAIR, *NAMES, (1, 2, None))
    monkeypatch.setattr(class_maps, "_MOST_BYTES", 10)
    assert read_class_map("ann", *PAIR, *NAMES) is None


def test_names_of_models_and_data_sets_are_never_paths(tmp_path):
    write_class_map("../ann", "../../x", "/etc/passwd", *NAMES, (1, 2, None))
    assert len(list((tmp_path / "class_maps").iterdir())) == 1
    assert not (tmp_path.parent / "x").exists()
