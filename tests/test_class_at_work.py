"""Small versions of `make load` and `make chaos`: a class of a few, against a real server."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def printed(*command: str) -> str:
    found = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr[-2000:]
    return found.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_class_at_work_meets_no_error():
    table = printed("benchmarks.load", "--small")
    assert "MISSED" not in table and "web process at most, MB" in table


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_class_survives_three_kills():
    table = printed("benchmarks.chaos", "--kills", "3")
    assert "MISSED" not in table and "killed in all" in table
