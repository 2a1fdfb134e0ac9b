import subprocess
import sys

import pytest

from cnnviz import machine


@pytest.fixture
def container(tmp_path, monkeypatch):
    """A container that is allowed 700 MB, has taken 650, and 100 of them are files."""
    for name, text in (
        ("limit", "700000000\n"),
        ("used", "650000000\n"),
        ("details", "anon 550000000\ninactive_file 100000000\n"),
        ("none", "max\n"),
    ):
        (tmp_path / name).write_text(text)

    def use(*names):
        return tuple(str(tmp_path / name) for name in names)

    monkeypatch.setattr(machine, "_LIMITS", use("limit", "absent"))
    monkeypatch.setattr(machine, "_USED", use("used", "absent"))
    monkeypatch.setattr(machine, "_DETAILS", use("details", "absent"))
    return use


def test_a_containers_limit_counts(container, monkeypatch):
    assert machine.memory() == 700_000_000
    assert machine.free_memory() == 150_000_000
    monkeypatch.setattr(machine, "_LIMITS", container("none", "absent"))
    assert machine.memory() > 10**9 and machine.free_memory() > 150_000_000


def test_this_process_has_a_size():
    assert 10**7 < machine.resident_bytes() < 10**11
    assert machine.cores() >= 1


@pytest.mark.parametrize(
    ("visible", "wanted"),
    [
        (None, ["0", "1", "2"]),
        ("", []),
        ("-1", []),
        ("2,0", ["2", "0"]),
        ("1,7,0", ["1"]),
        ("GPU-5a", ["GPU-5a"]),
    ],
)
def test_graphics_cards_are_counted_without_tensorflow(visible, wanted, tmp_path, monkeypatch):
    for number in range(3):
        (tmp_path / "gpus" / f"0000:0{number}:00.0").mkdir(parents=True)
    monkeypatch.setattr(machine, "_GPUS", tmp_path / "gpus")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert machine.gpus() == wanted


def test_in_a_container_the_device_files_tell(tmp_path, monkeypatch):
    for name in ("nvidia0", "nvidia1", "nvidiactl"):
        (tmp_path / name).touch()
    monkeypatch.setattr(machine, "_GPUS", tmp_path / "absent")
    monkeypatch.setattr(machine, "_DEVICES", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert machine.gpus() == ["0", "1"]


def test_memory_that_was_freed_is_given_back():
    """In a process of its own: what these calls change stays changed."""
    program = (
        "from cnnviz import machine\n"
        "machine.keep_memory_together()\n"
        "kept = [bytearray(1000) for _ in range(100_000)]\n"
        "full = machine.resident_bytes()\n"
        "kept = kept[::50]\n"
        "machine.give_back_memory()\n"
        "print((full - machine.resident_bytes()) // 10**6)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30, "of 100 MB"
