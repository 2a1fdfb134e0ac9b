"""Bring ``locale/*/LC_MESSAGES/cnnviz.po`` up to date with the code: ``make texts``.

Keys are the English texts in ``_()``, ``n_()``, ``N_()`` and in the constructors of the error
classes, plus the texts and the class names of the shipped models' cards. Existing translations are
kept; a key that is gone from the code goes from the catalogues. ``--check`` changes nothing and
fails when a catalogue is not up to date or lacks a translation.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cnnviz import errors  # noqa: E402 - needs the path above

LANGUAGES = ("zh_CN",)
ERRORS = [n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, Exception)]
KEYWORDS = {"_": None, "N_": None, "n_": (1, 2), **dict.fromkeys(ERRORS)}
CARD_TEXTS = ("title", "story", "weaknesses")


def extract() -> Catalog:
    """Every text a person may see, with the files it comes from."""
    catalogue = Catalog(project="cnnviz", charset="utf-8")
    sources = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "cnnviz").rglob("*.py")]
    for path in sorted(sources):
        place = str(path.relative_to(ROOT))
        for line, message, comments, _context in extract_from_file(
            "python", path, keywords=KEYWORDS, comment_tags=("translators:",)
        ):
            if message and (not isinstance(message, tuple) or all(message)):
                catalogue.add(message, locations=[(place, line)], auto_comments=comments)
    for path in sorted((ROOT / "trained_models").glob("*/card.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        for name in CARD_TEXTS:
            if card.get(name):
                catalogue.add(card[name], locations=[(str(path.relative_to(ROOT)), 1)])
        for name in card["class_names"]:
            if not name.isdecimal():
                catalogue.add(name, locations=[(str(path.relative_to(ROOT)), 1)])
    return catalogue


def file_of(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "cnnviz.po"


def load(language: str) -> Catalog:
    path = file_of(language)
    if not path.exists():
        return Catalog(locale=language, project="cnnviz", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def missing(catalogue: Catalog) -> list[str]:
    """Keys without a translation, or marked as uncertain."""
    bad = []
    for message in catalogue:
        if not message.id:
            continue
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if not all(strings) or message.fuzzy:
            bad.append(message.id[0] if isinstance(message.id, tuple) else message.id)
    return bad


def render(catalogue: Catalog) -> bytes:
    buffer = io.BytesIO()
    # No line numbers and no dates: a catalogue changes only when a text does.
    for message in catalogue:
        message.locations = sorted({(place, 1) for place, _line in message.locations})
    catalogue.creation_date = catalogue.revision_date = None
    write_po(
        buffer, catalogue, omit_header=False, include_lineno=False, ignore_obsolete=True, width=100
    )
    lines = buffer.getvalue().splitlines(keepends=True)
    return b"".join(x for x in lines if b"-Date:" not in x)


def keys(catalogue: Catalog) -> set[str]:
    return {m.id[0] if isinstance(m.id, tuple) else m.id for m in catalogue if m.id}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    template = extract()
    problems = 0
    for language in LANGUAGES:
        catalogue = load(language)
        if arguments.check:
            stale = sorted(keys(template) ^ keys(catalogue))
            lacking = missing(catalogue)
            for text in stale:
                print(f"{language}: not up to date: {text!r}")
            for text in lacking:
                print(f"{language}: no translation: {text!r}")
            problems += len(stale) + len(lacking)
            continue
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        path = file_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(render(catalogue))
        print(f"{language}: {len(keys(catalogue))} texts, {len(missing(catalogue))} to translate")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
