import pytest


@pytest.fixture(scope="package", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("CNNVIZ_HOME", str(folder))
        yield folder
