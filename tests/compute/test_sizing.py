import os

import pytest

from cnnviz.compute import sizing
from cnnviz.compute.worker import keep_log_short


@pytest.mark.parametrize(
    ("setting", "gigabytes", "wanted"),
    [("", 16, 2), ("", 1.2, 1), ("5", 1, 5), ("0", 16, 2), ("many", 16, 2), ("-1", 16, 2)],
)
def test_workers_by_setting_and_memory(setting, gigabytes, wanted, monkeypatch):
    monkeypatch.setenv("CNNVIZ_WORKERS", setting)
    monkeypatch.setattr(sizing, "memory", lambda: gigabytes * 10**9)
    assert sizing.worker_count() == wanted


def test_settings_from_outside_are_respected(monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "3")
    assert sizing.worker_environment()["TF_NUM_INTRAOP_THREADS"] == "3"
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS")
    assert 1 <= int(sizing.worker_environment()["TF_NUM_INTRAOP_THREADS"]) <= 8


def test_a_log_stays_short(tmp_path):
    file = tmp_path / "log"
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, bytes(900))
        keep_log_short(descriptor, 1000)
        assert file.stat().st_size == 900
        os.write(descriptor, bytes(200))
        keep_log_short(descriptor, 1000)
        assert file.stat().st_size == 0
        os.write(descriptor, b"goes on")
        assert file.read_bytes() == b"goes on"
    finally:
        os.close(descriptor)
