"""An entry is there whole or not at all, and an id is never a path."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from cnnviz import storage
from cnnviz.errors import NotFound


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_home_is_made_where_it_is_asked_for(home):
    assert storage.home() == home and home.is_dir()
    assert storage.area("models") == home / "models" and (home / "models").is_dir()
    with pytest.raises(ValueError, match="unknown kind"):
        storage.area("../elsewhere")


def test_ids_cannot_be_guessed():
    ids = {storage.new_id() for _ in range(1000)}
    assert len(ids) == 1000 and all(len(i) == 24 and set(i) <= set("0123456789abcdef") for i in ids)


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        ".",
        "..",
        "../models",
        "/etc",
        "a" * 23,
        "a" * 25,
        "A" * 24,
        "a" * 24 + "\n",
        "a" * 23 + "/",
    ],
)
def test_an_id_is_never_a_path(identifier, home):
    (home / "uploads").mkdir(parents=True)
    (home / "uploads" / ("a" * 25)).mkdir()
    with pytest.raises(NotFound):
        storage.entry("uploads", identifier)


def test_published_folders_are_found():
    identifier = storage.new_id()
    with storage.publish("models", identifier) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("x")
        with pytest.raises(NotFound):
            storage.entry("models", identifier)  # not yet
    assert (storage.entry("models", identifier) / "inner" / "file").read_text() == "x"
    with pytest.raises(NotFound):
        storage.entry("runs", identifier)


def test_a_failure_leaves_nothing_behind(home):
    with pytest.raises(RuntimeError), storage.publish("models", storage.new_id()) as folder:
        (folder / "file").write_text("x")
        raise RuntimeError
    assert list((home / "models").iterdir()) == []


def test_an_entry_is_never_published_over_another():
    identifier = storage.new_id()
    with storage.publish("models", identifier) as folder:
        (folder / "file").write_text("first")
    with pytest.raises(OSError), storage.publish("models", identifier) as folder:
        (folder / "file").write_text("second")
    assert (storage.entry("models", identifier) / "file").read_text() == "first"


def killed(code: str, *arguments: str) -> None:
    """Run code in a process until it prints a line, then end it without warning."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "now\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    process.stdout.close()


def test_killed_while_publishing():
    identifier = storage.new_id()
    killed(
        "import sys, time\n"
        "from cnnviz import storage\n"
        "with storage.publish('models', sys.argv[1]) as folder:\n"
        "    (folder / 'half').write_bytes(bytes(1000))\n"
        "    print('now', flush=True)\n"
        "    time.sleep(60)\n",
        identifier,
    )
    with pytest.raises(NotFound):
        storage.entry("models", identifier)


def test_killed_while_replacing_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old" * 1000)
    killed(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from cnnviz import storage\n"
        "def stop(_):\n"
        "    print('now', flush=True)\n"
        "    time.sleep(60)\n"
        "os.fsync = stop\n"
        "storage.write_whole(Path(sys.argv[1]), b'new' * 1000)\n",
        str(path),
    )
    assert path.read_bytes() == b"old" * 1000


def test_readers_see_the_old_or_the_new_file(tmp_path):
    path = tmp_path / "file"
    contents = [bytes([i]) * 200_000 for i in range(2)]
    storage.write_whole(path, contents[0])
    done = threading.Event()

    def write():
        for i in range(60):
            storage.write_whole(path, contents[i % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert path.read_bytes() in contents
    writer.join()
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - the names are all that matters


def test_a_file_that_cannot_be_replaced_stays(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        storage.write_whole(path, b"new")
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["file"]


def test_what_killed_processes_left_is_cleared_away(home):
    runs = storage.area("runs")
    kept, making = runs / storage.new_id(), runs / f".new-{storage.new_id()}"
    for folder in (kept, making, runs / f".gone-{storage.new_id()}", runs / ".new-forgotten"):
        folder.mkdir()
        (folder / "file").write_text("x")
    os.utime(runs / ".new-forgotten", (0, 0))
    storage.clear_away()
    assert {path.name for path in runs.iterdir()} == {kept.name, making.name}
