import json
import logging
import threading

import pytest

from cnnviz import logs

ID = "0123456789abcdef01234567"


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """``lines()`` → what was written into the file so far."""
    monkeypatch.delenv(logs.LEVEL, raising=False)
    logger = logging.getLogger("cnnviz")
    before = logger.handlers[:], logger.level, logger.propagate
    file = tmp_path / "deep" / "web.log"
    logs.set_up(file)
    yield lambda: [json.loads(line) for line in file.read_text().splitlines()]
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        handler.close()
    logger.handlers[:], logger.level, logger.propagate = before


def test_a_line_is_json_with_a_time_a_number_and_facts(lines):
    with logs.numbered("12ab34cd"):
        logging.getLogger("cnnviz.test").info("So %s", "it is", extra={"facts": {"seconds": 0.5}})
    (line,) = lines()
    assert (line["message"], line["level"], line["logger"]) == ("So it is", "info", "cnnviz.test")
    assert (line["request"], line["seconds"]) == ("12ab34cd", 0.5)
    assert line["time"].endswith("Z") and line["process"] > 0
    assert logs.number() == ""


def test_errors_bring_their_traceback_in_one_line(lines):
    try:
        raise ValueError("one\ntwo")
    except ValueError:
        logging.getLogger("cnnviz.test").exception("It failed")
    (line,) = lines()
    assert "ValueError: one\ntwo" in line["error"] and "test_logs.py" in line["error"]


@pytest.mark.parametrize(
    "text",
    [
        f"model:{ID}",
        f"/api/runs/{ID}.zip",
        f"Cookie: cnnviz_owner={ID}; cnnviz_class=abc.def-g",
        "0" * 64,
    ],
)
def test_ids_and_cookies_are_cut_short(lines, text):
    logging.getLogger("cnnviz.test").info("%s", text, extra={"facts": {"path": text}})
    said = json.dumps(lines(), ensure_ascii=False)
    assert ID not in said and "abc.def-g" not in said and "0" * 30 not in said
    assert "…" in said


def test_the_level_is_a_setting(lines, monkeypatch, tmp_path):
    logger = logging.getLogger("cnnviz.test")
    logger.debug("not now")
    assert lines() == [] if (tmp_path / "deep" / "web.log").exists() else True
    for word, wanted in (("debug", True), ("warning", False), ("nonsense", True)):
        monkeypatch.setenv(logs.LEVEL, word)
        logs.set_up(tmp_path / word)
        logger.info("now")
        assert (tmp_path / word).exists() is wanted


def test_files_are_rotated_and_bounded(lines, monkeypatch, tmp_path):
    monkeypatch.setattr(logs, "FILE_BYTES", 10_000)
    logs.set_up(tmp_path / "small.log")
    for i in range(400):
        logging.getLogger("cnnviz.test").info("line %d %s", i, "x" * 100)
    found = sorted(tmp_path.glob("small.log*"))
    assert [f.name for f in found] == ["small.log", *(f"small.log.{i}" for i in (1, 2, 3))]
    assert sum(f.stat().st_size for f in found) <= 4 * 10_000
    assert "line 399" in (tmp_path / "small.log").read_text()


def test_a_file_that_cannot_be_written_is_no_error(lines, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    logs.set_up(tmp_path / "file" / "web.log")
    logging.getLogger("cnnviz.test").warning("still heard")
    assert "still heard" in capsys.readouterr().err


def test_threads_have_numbers_of_their_own():
    seen = {}

    def work(name):
        seen[name] = (logs.number(), logs.begin())

    logs.begin("mine")
    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logs.number() == "mine"
    assert [before for before, _ in seen.values()] == [""] * 3
    assert len({number for _, number in seen.values()}) == 3
    logs.begin("")
