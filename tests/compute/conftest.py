import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SAMPLES = "sample_questions"


@pytest.fixture(scope="session", autouse=True)
def _samples_can_be_imported():
    """By this process and by the workers it starts."""
    sys.path.insert(0, str(HERE))
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), before]))
    yield
    sys.path.remove(str(HERE))
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


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
