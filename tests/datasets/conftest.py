import pytest


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty place where things are kept."""
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
