"""Ask the shipped models what the pages ask first, and keep the answers beside the models.

    python tools/precompute.py [name …] [--only question …]

Answers that are there already under the right key are kept; others are thrown away. Run it after
anything that changes answers: a model, a card, the bundled images, the version of a question.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cnnviz import storage
from cnnviz.compute import codec
from cnnviz.compute.answers import SHIPPED_FOLDER, answer_key, pack
from cnnviz.compute.defaults import first_questions
from cnnviz.compute.engine import Engine
from cnnviz.compute.local import LocalEngine
from cnnviz.errors import CnnvizError
from cnnviz.models.references import ModelReference, shipped_names

BUDGET = 3_000_000  # bytes of a model's answers, which everybody downloads


def precompute(engine: Engine, name: str, only: list[str], again: bool) -> int:
    """Fill one model's folder of answers; returns its size in bytes."""
    reference = f"shipped:{name}"
    folder = ModelReference.parse(reference).folder / SHIPPED_FOLDER
    folder.mkdir(exist_ok=True)
    wanted = set()
    for question, parameters in first_questions(reference):
        kind = engine.questions[question]
        complete = kind.complete(parameters)
        file = folder / f"{answer_key(question, kind.version, complete)}.bin"
        wanted.add(file)
        start = time.monotonic()
        if (only and question not in only) or (file.exists() and not again):
            continue
        try:
            answer = engine.answer(question, **parameters)
        except CnnvizError as error:
            print(f"  {question:<14} no answer: {error}", flush=True)
            continue
        storage.write_whole(file, pack(codec.encode(answer)))
        seconds = time.monotonic() - start
        detail = parameters.get("layer") or parameters.get("dataset") or ""
        print(f"  {question:<14}{file.stat().st_size:>10,} bytes {seconds:6.1f} s  {detail}")
    for file in set(folder.iterdir()) - wanted:
        file.unlink()
    return sum(file.stat().st_size for file in folder.iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="shipped models; all when none is named")
    parser.add_argument("--only", nargs="*", default=[], help="questions to ask")
    parser.add_argument("--again", action="store_true", help="ask even what is answered")
    options = parser.parse_args()
    engine = LocalEngine(workers=1)
    too_large = []
    for name in options.names or shipped_names():
        print(name, flush=True)
        size = precompute(engine, name, options.only, options.again)
        print(f"  {'together':<14}{size:>10,} bytes", flush=True)
        if size > BUDGET:
            too_large.append(name)
    engine.close()
    if too_large:
        raise SystemExit(f"more than {BUDGET:,} bytes of answers: {', '.join(too_large)}")


if __name__ == "__main__":
    main()
