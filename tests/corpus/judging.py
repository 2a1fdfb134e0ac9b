"""What becomes of a file of the corpus, and whether that is what is expected of it.

Where damage may or may not matter (``EITHER``), what became of the file when it was added stands in
``outcomes.json``, so that every file has one right outcome. ``python -m tests.corpus --record``
writes it anew, to be looked at, when a library reads damaged files in another way.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from cnnviz import images
from cnnviz.datasets.imported import delete_imported, describe_imported, import_dataset
from cnnviz.errors import BadDataset, BadImage, BadModel

EITHER = "either"
OUTCOMES = Path(__file__).with_name("outcomes.json")
KINDS = ("images", "models", "zips")
BARS = {"images": 120, "models": 100, "zips": 80}
_REFUSALS = {"images": BadImage, "models": BadModel, "zips": BadDataset}


def files(kind: str) -> Iterator[tuple[str, bytes, object]]:
    """Name, content and expectation of all files of a kind."""
    if kind == "images":
        from tests.corpus import image_files

        yield from image_files.files()
    elif kind == "zips":
        from tests.corpus import zip_files

        yield from zip_files.files()
    else:
        from tests.corpus import model_attacks, model_containers, model_files, model_growing

        yield from model_files.files()
        yield from model_attacks.attacks()
        yield from model_growing.growing()
        yield from model_containers.containers()


def outcome(kind: str, data: bytes) -> tuple[object, str | None]:
    """(what came of it, None) or (None, the sentence); anything else is raised."""
    look = {"images": _image, "models": _model, "zips": _zip}[kind]
    try:
        return look(data), None
    except _REFUSALS[kind] as error:
        sentence = str(error)
        if not sentence.strip() or len(sentence) > 600:
            raise AssertionError(f"no sentence for a person: {sentence[:900]!r}") from error
        return None, sentence


def complaint(kind: str, name: str, data: bytes, expected: object) -> str | None:
    """What is wrong with what becomes of a file; None where it is as expected."""
    found, sentence = outcome(kind, data)
    if expected == EITHER:
        wanted = recorded(kind).get(name, "not recorded")
        said = in_a_line(found, sentence)
        return None if said == wanted else f"{said!r}, and was {wanted!r}"
    if isinstance(expected, str) and expected != "opens":
        if sentence is None:
            return f"came through as {found}, expected “… {expected} …”"
        return None if expected in sentence else f"said {sentence!r}, expected “… {expected} …”"
    if sentence is not None:
        return f"was refused: {sentence!r}"
    return None if expected in ("opens", found) else f"became {found}, expected {expected}"


def in_a_line(found: object, sentence: str | None) -> str:
    """An outcome as ``outcomes.json`` holds it: without what a library says in its own words."""
    if sentence is not None:
        return sentence.split(" It says: ")[0].split(" Keras says: ")[0]
    return json.dumps(found, ensure_ascii=False)


@cache
def recorded(kind: str) -> dict[str, str]:
    return json.loads(OUTCOMES.read_text(encoding="utf-8")).get(kind, {})


def _image(data: bytes) -> list[int]:
    found = images.decode(data)
    assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] in (1, 3)
    assert max(found.shape[:2]) <= images.MAX_SIDE
    return list(found.shape)


def _model(data: bytes) -> str:
    import keras

    from cnnviz.models.loading import whole_network
    from cnnviz.models.trying import try_once
    from cnnviz.models.vetting import vet

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.keras"
        path.write_bytes(data)
        vet(path)
        try:
            try_once(whole_network(path, vetted=True), path)
        finally:
            keras.backend.clear_session()
        assert [file.name for file in path.parent.iterdir()] == ["net.keras"]
    return "opens"


def _zip(data: bytes) -> dict[str, int]:
    identifier = import_dataset(data, "mine.zip", size=(8, 8))
    try:
        described = describe_imported(identifier)
        counts: Counter[str] = Counter()
        for of_split in described.counts.values():
            counts.update(dict(zip(described.class_names, of_split, strict=True)))
        return dict(counts)
    finally:
        delete_imported(identifier)
