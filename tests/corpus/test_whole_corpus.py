"""The command behind ``make corpus``: outcomes, memory, and what is written, in processes."""

import subprocess
import sys

import pytest

from cnnviz.storage import ROOT
from tests.corpus import judging


@pytest.mark.slow
@pytest.mark.parametrize("kind", judging.KINDS)
def test_the_corpus_as_a_whole(kind):
    command = [sys.executable, "-m", "tests.corpus", kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout
    assert "all as expected" in done.stdout
