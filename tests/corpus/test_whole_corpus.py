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


def test_what_is_written_elsewhere_is_noticed_and_nothing_else(tmp_path):
    """An audit hook cannot be taken back, so it watches a process of its own."""
    code = """
import os, shutil, sys
from pathlib import Path
from tests.corpus.__main__ import _watch
folder, strays = Path(sys.argv[1]), []
for name in ("home", "tmp"):
    (folder / name).mkdir()
(folder / "out").symlink_to(folder.parent)
_watch(folder, strays)
(folder / "home").mkdir(exist_ok=True)
(folder / "home" / "a" / "b").mkdir(parents=True)
(folder / "home" / "a" / "b" / "file").write_text("x")
shutil.rmtree(folder / "home" / "a")
(folder / "canary").exists(), (folder.parent / "x").exists()
assert strays == [], strays
(folder / "canary").write_text("x")
(folder / "out" / "through-a-link").write_text("x")
(folder / "home" / "c").write_text("x")
(folder / "home" / "c").rename(folder / "moved")
(folder / "more").mkdir()
shutil.rmtree(folder / "more")
os.symlink("/etc/passwd", folder / "home" / "link")
print(len(strays), sorted({line.split()[0] for line in strays}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "5 ['open', 'os.mkdir', 'os.rename', 'os.rmdir']"
