import subprocess
import sys
import time

from cnnviz.runs import locks


def test_a_lock_is_free_once_its_holder_is_killed(tmp_path):
    descriptor = locks.take(tmp_path)
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(descriptor,)
    )
    locks.let_go(descriptor)  # the child alone holds it now
    assert locks.is_held(tmp_path)
    assert locks.take(tmp_path, patience=0.05) is None
    child.kill()
    child.wait()
    assert not locks.is_held(tmp_path)
    assert locks.take(tmp_path, patience=0) is not None


def test_no_lock_file_is_no_lock(tmp_path):
    assert not locks.is_held(tmp_path)


def test_asking_takes_nothing_away(tmp_path):
    descriptor = locks.take(tmp_path)
    locks.let_go(descriptor)
    assert not locks.is_held(tmp_path) and not locks.is_held(tmp_path)
    began = time.monotonic()
    assert locks.take(tmp_path) is not None
    assert time.monotonic() - began < 0.5
