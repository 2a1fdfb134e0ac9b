"""Code that comes inside a model file is run for the owner in the library and the terminal only."""

import ast

import pytest

from cnnviz.compute import registry
from cnnviz.storage import ROOT

SWITCHES = {"trust_code", "trusted", "safe_mode", "enable_unsafe_deserialization"}
MAY = {
    "cnnviz/cli_shared.py",  # the terminal's --trust-code
    "cnnviz/models/model.py",  # load_model(trust_code=…)
    "cnnviz/models/loading.py",
}


def switches_in(file):
    """Names of the switches that a file's code passes on, takes, or calls."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword | ast.arg) and node.arg in SWITCHES:
            yield node.arg
        elif isinstance(node, ast.Attribute) and node.attr in SWITCHES:
            yield node.attr
        elif isinstance(node, ast.Name) and node.id in SWITCHES:
            yield node.id
        elif isinstance(node, ast.Constant) and node.value in SWITCHES:
            yield node.value


def test_nothing_but_the_terminal_and_the_library_can_trust_a_file():
    files = [*(ROOT / "cnnviz").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    assert len(files) > 200
    found = {str(f.relative_to(ROOT)) for f in files if set(switches_in(f))}
    assert found == MAY


@pytest.mark.parametrize("name", sorted(registry.QUESTIONS))
def test_no_question_takes_such_a_switch(name):
    kind = registry.QUESTIONS[name]
    assert not SWITCHES & {*kind.required, *kind.defaults}
