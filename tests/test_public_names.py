import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cnnviz

PACKAGE = Path(cnnviz.__file__).parent


def test_importing_is_light():
    code = (
        "import sys, cnnviz; dir(cnnviz); cnnviz.CnnvizError; cnnviz.list_models\n"
        "heavy = {'tensorflow', 'keras', 'tf_keras_vis', 'cv2', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(cnnviz._HOMES))
def test_every_public_name_has_its_home(name):
    """Found by reading the source: importing all of them would bring TensorFlow."""
    home = PACKAGE / (cnnviz._HOMES[name].replace(".", "/") + ".py")
    tree = ast.parse(home.read_text(encoding="utf-8"))
    assert name in {getattr(node, "name", None) for node in tree.body}


def test_no_module_is_called_like_a_public_function():
    modules = {p.stem for p in PACKAGE.glob("*.py")} | {p.name for p in PACKAGE.iterdir()}
    assert not modules & set(cnnviz._HOMES)


def test_names_and_modules():
    assert issubclass(cnnviz.BadInput, cnnviz.CnnvizError)
    assert callable(cnnviz.images.decode)
    assert {"load_model", "images"} <= set(dir(cnnviz))
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        _ = cnnviz.magic
