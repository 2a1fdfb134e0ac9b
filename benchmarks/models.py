"""The shipped models side by side: size, arithmetic, accuracy, speed.

    python -m benchmarks.models [--write] [--measure]

Prints the Markdown table. ``--write`` puts it into README.md, and the speeds into
``trained_models/speeds.json``, from where the Models page shows them. ``--measure`` measures
accuracy again on the complete test set and stops where a card is more than 0.1 points off.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from cnnviz import storage
from cnnviz.datasets.bundled import split_arrays
from cnnviz.machine import cores
from cnnviz.models.cards import Card
from cnnviz.models.comparison import BATCHES, SPEEDS, Compared, compared
from cnnviz.models.model import Model, load_model
from cnnviz.models.references import ModelReference, shipped_names

README = storage.ROOT / "README.md"
BEGIN, END = "<!-- python -m benchmarks.models --write -->\n", "<!-- end -->\n"
TOLERANCE = 0.001


def speeds(models: dict[str, Model], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds for one image at each batch size: medians, the models taking turns."""
    times: dict[str, dict[int, list[float]]] = {n: {b: [] for b in BATCHES} for n in models}
    rng = np.random.default_rng(0)
    for turn in range(-1, rounds):  # the first turn compiles and does not count
        for name, model in models.items():
            for batch in BATCHES:
                images = rng.integers(0, 256, (batch, *model.card.input_shape), np.uint8)
                began = time.perf_counter()
                model.predict(images)
                if turn >= 0:
                    times[name][batch].append((time.perf_counter() - began) / batch * 1000)
    return {
        name: {str(batch): round(statistics.median(x), 3) for batch, x in of.items()}
        for name, of in times.items()
    }


def measure(model: Model) -> None:
    """Every accuracy on the card once more; stops where one is wrong."""
    for said in model.card.accuracy:
        images, labels = split_arrays(said.dataset, said.split)
        found = float((model.predict(images).argmax(axis=1) == labels).mean())
        print(f"{model.reference}: {found:.2%} of {said.images:,} ({said.dataset}, {said.split})")
        if abs(found - said.value) > TOLERANCE:
            raise SystemExit(f"The card says {said.value:.2%}.")


def table(rows: list[Compared]) -> str:
    """The Markdown table."""
    lines = [
        "| model | name in the app | input | parameters | multiplications and additions "
        "| right on the complete test set | file | ms an image, alone | ms an image, 64 at once |",
        "| --- | --- | --- | ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    for row in rows:
        card = ModelReference.parse(row.name).card
        cells = [
            f"`{row.name}`",
            row.title,
            _input(card),
            f"{row.parameters:,}",
            f"{row.flops / 1e6:,.0f} million",
            "; ".join(_share(card, i) for i in range(len(card.accuracy)))
            or "not measured here (no labelled ImageNet images are bundled)",
            f"{row.file_bytes / 1e6:.1f} MB",
            *("–" if ms is None else f"{ms:.2f}" for ms in row.milliseconds),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _input(card: Card) -> str:
    height, width, channels = card.input_shape
    return f"{width} × {height}, {'colour' if channels == 3 else 'grey'}"


def _share(card: Card, place: int) -> str:
    said = card.accuracy[place]
    split = "" if said.split == "test" else f", {said.split}"
    return f"{said.value:.2%} of {said.images:,} ({said.dataset}{split})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="into README.md and speeds.json")
    parser.add_argument("--measure", action="store_true", help="accuracy too")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    models = {name: load_model(name) for name in shipped_names()}
    if options.measure:
        for model in models.values():
            measure(model)
    found = speeds(models, options.rounds)
    machine = f"{cores()} CPU cores"
    if options.write:
        kept = {"machine": machine, "milliseconds": found}
        (storage.SHIPPED / SPEEDS).write_text(json.dumps(kept, indent=1) + "\n")
        text = README.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        made = f"{BEGIN}\n{table(compared())}\nSpeeds: medians on {machine}.\n\n{END}"
        README.write_text(before + made + rest.split(END, 1)[1], encoding="utf-8")
    print(table(compared()))
    for name, of in found.items():
        print(f"{name:<32}" + "".join(f"{ms:10.2f} ms at batch {b}" for b, ms in of.items()))


if __name__ == "__main__":
    main()
