"""Choosing a cluster that is not there; a real one is in tests/compute/test_ray_engine.py."""

import importlib.util
import os
import socket
import subprocess
import sys
import time

import pytest

from cnnviz import cluster, storage
from cnnviz.errors import BadInput, NotPossible


def test_without_the_variable_there_is_none(monkeypatch):
    monkeypatch.delenv(cluster.VARIABLE, raising=False)
    assert not cluster.chosen()


@pytest.mark.parametrize("address", ["here", "host:", ":6379", "host:0", "ray://host:10001", "h:x"])
def test_an_address_that_is_none(address, monkeypatch):
    monkeypatch.setenv(cluster.VARIABLE, address)
    with pytest.raises(BadInput, match="address of a cluster"):
        cluster.connect()


def test_nobody_listens(monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv(cluster.VARIABLE, f"127.0.0.1:{probe.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(NotPossible, match="No Ray cluster answers"):
            cluster.connect()
        assert time.monotonic() - began < 5


def test_ray_is_not_installed(monkeypatch):
    monkeypatch.setenv(cluster.VARIABLE, "auto")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NotPossible, match="requirements-cluster.txt"):
        cluster.connect()


@pytest.mark.parametrize(("text", "wanted"), [("", 2.0), ("0.25", 0.25), ("3", 3.0)])
def test_settings(text, wanted, monkeypatch):
    monkeypatch.setenv("CNNVIZ_RAY_CPUS_PER_RUN", text)
    assert cluster.number("CNNVIZ_RAY_CPUS_PER_RUN", 2) == wanted


@pytest.mark.parametrize("text", ["many", "-1", "nan", "inf"])
def test_settings_that_are_none(text, monkeypatch):
    monkeypatch.setenv("CNNVIZ_RAY_CPUS_PER_RUN", text)
    with pytest.raises(BadInput, match="CNNVIZ_RAY_CPUS_PER_RUN must be a number"):
        cluster.number("CNNVIZ_RAY_CPUS_PER_RUN", 2)


def test_a_server_without_its_cluster_says_so_and_ends(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        found = subprocess.run(
            [sys.executable, "-m", "cnnviz", "serve", "--port", "8599", "--address", "127.0.0.1"],
            cwd=storage.ROOT,
            env={**os.environ, "CNNVIZ_HOME": str(tmp_path), cluster.VARIABLE: address},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert found.returncode == 2 and found.stdout == ""
    assert f"No Ray cluster answers under “{address}”" in found.stderr
