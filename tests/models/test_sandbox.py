"""A stranger's file is opened in a process that has no powers; whatever it does, we get a sentence.

What gets past the vetting is tried for real here, with vetting switched off where needed.
"""

import os
import socket
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from cnnviz import storage, uploads
from cnnviz.errors import BadModel, Cancelled
from cnnviz.models import confinement, sandbox
from cnnviz.models.model import load_model
from cnnviz.models.uploaded import COPY, opened_copy
from tests.corpus import judging, model_files

pytestmark = pytest.mark.skipif(not sandbox.is_available(), reason="needs Linux's limits")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))


def uploaded(data, filename="mine.keras"):
    return uploads.save_file(data, filename)


def test_our_copy_answers_like_the_file_and_is_made_once(tmp_path):
    identifier = uploaded(model_files.good())
    copy = opened_copy(identifier)
    assert copy.name == COPY
    state = copy.stat().st_mtime_ns
    (tmp_path / "net.keras").write_bytes(model_files.good())
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), np.uint8)
    expected = load_model(tmp_path / "net.keras").predict(x)
    np.testing.assert_allclose(load_model(f"upload:{identifier}").predict(x), expected, rtol=1e-6)
    assert opened_copy(identifier).stat().st_mtime_ns == state
    assert {f.name for f in copy.parent.iterdir()} == {"file", "meta.json", COPY}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"hello", "“mine.keras” is not a Keras model"),
        (model_files.setting("dense", units=150_000_000), "“mine.keras” says “units: 150000000”"),
    ],
)
def test_a_refused_file_gets_the_sentence_with_the_name_it_had(data, sentence):
    identifier = uploaded(data)
    with pytest.raises(BadModel, match=sentence):
        opened_copy(identifier)
    folder = storage.entry("uploads", identifier)
    assert {f.name for f in folder.iterdir()} == {"file", "meta.json"}


def run_inside(tmp_path, code):
    """Run code where files are opened; its exit status and what it printed."""
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "work").mkdir(exist_ok=True)
    script = f"""
        import sys
        from pathlib import Path
        from cnnviz.models import confinement, sandbox
        sandbox._give_up_powers(Path({str(tmp_path / "file")!r}), Path({str(tmp_path / "work")!r}))
        sys.addaudithook(sandbox._forbid)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script) + textwrap.dedent(code)],
        env=sandbox._environment(tmp_path / "work"),
        cwd=storage.ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_there_is_a_limit_to_memory(tmp_path):
    status, said = run_inside(tmp_path, "x = bytearray(4 * 2**30)")
    assert status == 1
    assert "MemoryError" in said


def test_there_is_no_network(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        status, said = run_inside(tmp_path, code)
    assert status == 1
    assert "PermissionError" in said or "unreachable" in said or "refused" in said


@pytest.mark.parametrize(
    "code", ["import os; os.system('true')", "import subprocess; subprocess.run(['true'])"]
)
def test_nothing_is_started(tmp_path, code):
    status, said = run_inside(tmp_path, code)
    assert status == 1
    assert "PermissionError" in said


def test_no_secret_is_handed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_TEACHER_KEY", "secret")
    status, said = run_inside(tmp_path, "import os; print(sorted(os.environ))")
    assert status == 0
    assert "CNNVIZ" not in said


SHELL = "import ctypes; ctypes.CDLL(None)."  # past what Python's audit hooks can see

fenced = pytest.mark.skipif(not confinement.version(), reason="needs Landlock")


@fenced
@pytest.mark.parametrize(
    "code",
    [
        "open({there!r}).read()",
        "open({there!r}, 'w')",
        "import os; os.remove({there!r})",
        "import os; os.rename({there!r}, {there!r} + '2')",
        "import os; os.mkdir({folder!r} + '/new')",
        "import os; os.symlink('/etc', {folder!r} + '/new')",
        "import os; os.truncate({there!r}, 0)",
        "import os; os.link({there!r}, {work!r} + '/stolen')",
        "open({file!r}, 'w')",
    ],
)
def test_the_files_of_others_are_out_of_reach(tmp_path, code):
    there = tmp_path / "others" / "secret"
    there.parent.mkdir()
    there.write_text("secret")
    names = {"there": there, "folder": there.parent, "work": tmp_path / "work"}
    names["file"] = tmp_path / "file"
    code = code.format(**{key: str(path) for key, path in names.items()})
    status, said = run_inside(tmp_path, code)
    assert status == 1
    assert "PermissionError" in said or "Invalid cross-device link" in said
    assert there.read_text() == "secret"
    assert [f.name for f in there.parent.iterdir()] == ["secret"]


@fenced
def test_its_own_folder_is_where_it_writes(tmp_path):
    code = "import tempfile; f = tempfile.NamedTemporaryFile(); f.write(b'x'); print(f.name)"
    status, said = run_inside(tmp_path, code)
    assert status == 0, said
    assert said.startswith(str(tmp_path / "work"))


@fenced
def test_libraries_start_nothing_either(tmp_path):
    status, said = run_inside(tmp_path, SHELL + f"system(b'touch {tmp_path}/work/made')")
    assert not (tmp_path / "work" / "made").exists(), (status, said)


def stand_in(monkeypatch, code):
    """What is started in place of the real process."""
    original = subprocess.Popen
    monkeypatch.setattr(
        sandbox.subprocess,
        "Popen",
        lambda command, **rest: original([command[0], "-c", textwrap.dedent(code)], **rest),
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import time; time.sleep(60)", "takes too long"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "takes too long"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "damaged"),
        ("import os; os.abort()", "more memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "more memory"),
        ("print('{')", "more memory"),
        ("print('x' * 10**7)", "takes too long"),
    ],
)
def test_however_the_process_ends_there_is_a_sentence(tmp_path, monkeypatch, code, sentence):
    (tmp_path / "file").write_bytes(b"x")
    stand_in(monkeypatch, code)
    began = time.monotonic()
    with pytest.raises(BadModel, match=sentence):
        sandbox.reopen(tmp_path / "file", tmp_path / "out.keras", wall_s=3)
    assert time.monotonic() - began < 30  # one that only waits is not waited for
    assert not (tmp_path / "out.keras").exists()


def test_it_can_be_stopped_and_leaves_no_process(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"x")
    note = tmp_path / "pid"
    stand_in(
        monkeypatch,
        f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)",
    )

    def cancelled():
        if note.exists() and note.read_text():
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        sandbox.reopen(tmp_path / "file", tmp_path / "out.keras", cancelled)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_elsewhere_than_on_linux_files_of_others_are_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(Exception, match="on Linux only"):
        sandbox.reopen(tmp_path / "file", tmp_path / "out.keras")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["150 million units", "1.2 GB array", "good h5", "large seed"])
def test_bombs_stay_within_the_process_even_unvetted(tmp_path, monkeypatch, name):
    data, expected = next((d, e) for n, d, e in judging.files("models") if n == name)
    (tmp_path / "file").write_bytes(data)
    inside = """
        import sys
        from pathlib import Path
        from cnnviz.models import sandbox
        sandbox.vet = lambda path: {}
        sandbox._main(Path(sys.argv[1]), Path(sys.argv[2]))
    """
    original = subprocess.Popen
    monkeypatch.setattr(
        sandbox.subprocess,
        "Popen",
        lambda command, **rest: original(
            [command[0], "-c", textwrap.dedent(inside), *command[3:]], **rest
        ),
    )
    out = tmp_path / "out.keras"
    try:
        sandbox.reopen(tmp_path / "file", out)
    except BadModel:
        assert expected != model_files.OPENS
    else:
        assert out.is_file()
