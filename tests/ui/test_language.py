"""The catalogues are complete and agree with the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"\{(\w+)")


def test_catalogues_are_complete_and_up_to_date():
    checked = subprocess.run(
        [sys.executable, "tools/update_catalogues.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout[:4000] + checked.stderr[-2000:]


def test_translations_keep_the_places():
    for path in (ROOT / "locale").glob("*/LC_MESSAGES/*.po"):
        with path.open("rb") as file:
            catalogue = read_po(file)
        for message in catalogue:
            if not message.id or not any(message.string):
                continue
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            expected = set(PLACE.findall(ids[-1]))
            for text in strings:
                assert set(PLACE.findall(text)) == expected, f"{path.parent.parent.name}: {ids[0]}"


@pytest.mark.parametrize("value", ["x", "“x”", "字", "3"])
def test_what_should_be_bold_is_bold(value):
    """CommonMark ends nothing at ``**`` between punctuation and a letter, as in “**好：**字”."""
    markdown = MarkdownIt()
    for path in (ROOT / "locale").glob("*/LC_MESSAGES/*.po"):
        with path.open("rb") as file:
            catalogue = read_po(file)
        for message in catalogue:
            both = [message.id, message.string]
            texts = [t for one in both for t in (one if isinstance(one, tuple) else (one,))]
            for text in texts:
                shown = re.sub(r"\{\w+[^}]*\}", value, text)
                parts = [c for token in markdown.parse(shown) for c in token.children or ()]
                left = [c.content for c in parts if c.type == "text" and "**" in c.content]
                assert not left, f"{path.parent.parent.name}: {text}"


def test_no_marked_text_is_overlooked():
    """The extractor does not look into f-strings."""
    with (ROOT / "locale/zh_CN/LC_MESSAGES/cnnviz.po").open("rb") as file:
        known = {m.id[0] if isinstance(m.id, tuple) else m.id for m in read_po(file)}
    for path in (ROOT / "app.py", *ROOT.glob("pages/*.py"), *ROOT.glob("cnnviz/**/*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            marked = isinstance(call, ast.Call) and getattr(call.func, "id", "") in {
                "_",
                "N_",
                "n_",
            }
            if marked and isinstance(call.args[0], ast.Constant):
                text = call.args[0].value
                assert text in known, f"{path.relative_to(ROOT)}:{call.lineno}: {text}"
