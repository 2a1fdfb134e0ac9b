import os

import pytest

SAMPLES = "tests.compute.sample_questions"


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory):
    before = os.environ.get("CNNVIZ_HOME")
    os.environ["CNNVIZ_HOME"] = str(tmp_path_factory.mktemp("home"))
    yield
    if before is None:
        del os.environ["CNNVIZ_HOME"]
    else:
        os.environ["CNNVIZ_HOME"] = before


@pytest.fixture(scope="module")
def engine():
    """Two workers that answer the sample questions, without a cache."""
    from cnnviz.compute.local import LocalEngine

    engine = LocalEngine(SAMPLES, workers=2)
    assert engine.wait_until_ready(30)
    yield engine
    engine.close()
