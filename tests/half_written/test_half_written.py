"""Whoever writes may be killed at any point, and a disk may be full at any point: what is listed
opens, with all that was meant, or is not there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.half_written.writers import WRITERS

ROOT = Path(__file__).parents[2]
POINTS = 40  # random moments, and as many operations on files, before which a writer is killed
STEPS = 12  # from no room on the disk to more than enough
DISK_BYTES = 24 * 2**20


def tried(mode: str, name: str, points: int, home: Path) -> dict:
    found = subprocess.run(
        [sys.executable, "-m", "tests.half_written.harness", mode, name, "7", str(points)],
        cwd=ROOT,
        env={**os.environ, "CNNVIZ_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    return json.loads(found.stdout.splitlines()[-1])


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own that can be filled."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(tmp_path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk of its own can be mounted here (needs root)")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.parametrize("name", WRITERS)
def test_killed_at_any_point(name, tmp_path):
    found = tried("kill", name, POINTS, tmp_path)
    assert not found["damage"], found["damage"][:3]
    assert found["cut"] >= POINTS, "the kills did hit"


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_is_full_at_any_point(name, small_disk):
    found = tried("full", name, STEPS, small_disk)
    assert not found["damage"], found["damage"][:3]
    assert found["whole"], "with room it works"
    assert found["cut"] or name == "KeptAnswer", "the disk was full"
