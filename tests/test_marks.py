"""Marks and notes: kept for their owner alone, whole, and within bounds."""

import json
import threading

import pytest

from cnnviz import marks, storage
from cnnviz.errors import BadInput
from cnnviz.marks import Mark

KEY = "shipped:mnist_lenet5 mnist/test"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))


def test_a_mark_and_a_note_come_back():
    assert marks.read_marks("ann", KEY) == {}
    marks.write_mark("ann", KEY, 30, Mark(True))
    marks.write_mark("ann", KEY, 7, Mark(False, "  a 4?\nLook “again” 看 "))
    assert marks.read_marks("ann", KEY) == {
        7: Mark(False, "a 4?\nLook “again” 看"),
        30: Mark(True),
    }
    marks.write_mark("ann", KEY, 30, Mark())
    assert list(marks.read_marks("ann", KEY)) == [7]


def test_everybody_has_marks_of_their_own_for_each_model_and_split():
    marks.write_mark("ann", KEY, 1, Mark(True))
    assert marks.read_marks("bob", KEY) == {}
    assert marks.read_marks("ann", KEY.replace("test", "train")) == {}
    # Neither an owner nor a key is ever a path.
    marks.write_mark("../../bob", "../x", 1, Mark(True))
    assert {p.suffix for p in storage.area("marks").iterdir()} == {".json", ".lock"}


def test_notes_are_bounded_and_without_control_characters():
    marks.write_mark("ann", KEY, 1, Mark(False, "x\0y\x1b[31m" + "ü" * 600))
    note = marks.read_marks("ann", KEY)[1].note
    assert note.startswith("x y [31m") and len(note) == marks.LONGEST_NOTE


def test_there_is_a_most_number(monkeypatch):
    monkeypatch.setattr(marks, "MOST", 3)
    for index in range(3):
        marks.write_mark("ann", KEY, index, Mark(True))
    with pytest.raises(BadInput, match="At most 3"):
        marks.write_mark("ann", KEY, 3, Mark(True))
    marks.write_mark("ann", KEY, 2, Mark(True, "still possible"))
    assert len(marks.read_marks("ann", KEY)) == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"marks": 3}', b"[" * 100_000],
)
def test_a_damaged_file_is_put_aside_and_said_once(content):
    marks.write_mark("ann", KEY, 1, Mark(True))
    path = next(storage.area("marks").glob("*.json"))
    path.write_bytes(content)
    with pytest.raises(BadInput, match="damaged"):
        marks.read_marks("ann", KEY)
    assert marks.read_marks("ann", KEY) == {}
    assert [p.read_bytes() for p in storage.area("marks").glob("*.damaged-*")] == [content]
    marks.write_mark("ann", KEY, 2, Mark(True))
    assert list(marks.read_marks("ann", KEY)) == [2]


def test_a_file_about_something_else_is_not_believed():
    marks.write_mark("ann", KEY, 1, Mark(True))
    path = next(storage.area("marks").glob("*.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "owner": "bob"}))
    with pytest.raises(BadInput):
        marks.read_marks("ann", KEY)


def test_removing_all_can_be_undone():
    marks.write_mark("ann", KEY, 1, Mark(True, "one"))
    marks.write_mark("ann", KEY, 2, Mark(True))
    before = marks.write_marks("ann", KEY, {})
    assert marks.read_marks("ann", KEY) == {}
    marks.write_marks("ann", KEY, before)
    assert marks.read_marks("ann", KEY) == {1: Mark(True, "one"), 2: Mark(True)}


def test_two_tabs_lose_nothing():
    def tab(start: int) -> None:
        for index in range(start, 60, 3):
            marks.write_mark("ann", KEY, index, Mark(True))

    tabs = [threading.Thread(target=tab, args=(start,)) for start in range(3)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join()
    assert list(marks.read_marks("ann", KEY)) == list(range(60))
