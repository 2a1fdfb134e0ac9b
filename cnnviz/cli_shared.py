"""What several of the terminal's verbs take, read and write."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import cnnviz
from cnnviz.errors import BadInput


def add_json(parser: argparse.ArgumentParser) -> None:
    """Let the verb print JSON."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_model(parser: argparse.ArgumentParser, default: str) -> None:
    """Let the verb take a model."""
    parser.add_argument(
        "--model", default=default, help=f"a name, a reference or a file (default: {default})"
    )
    parser.add_argument(
        "--trust-code",
        action="store_true",
        help="run the program code in a model file of your own (Lambda layers)",
    )


def open_model(given: argparse.Namespace) -> Any:
    """The model that was asked for; raises BadInput, BadModel, NotFound.

    Code in a file is run only where the person says so, and never that of anything kept by the
    app: who knows whose upload that is.
    """
    is_file = given.model.lower().endswith((".keras", ".h5", ".hdf5"))
    if given.trust_code and not is_file:
        raise BadInput("--trust-code is for model files of your own: --model FILE.keras")
    if given.trust_code:
        print(
            f"cnnviz: program code in “{given.model}” is run with all your rights.", file=sys.stderr
        )
    return cnnviz.load_model(given.model, trust_code=given.trust_code)


def add_dataset(parser: argparse.ArgumentParser, limit: int | None = None) -> None:
    """Let the verb take labelled images."""
    parser.add_argument("--dataset", help="a name, a folder or a zip (default: the model's own)")
    parser.add_argument("--split", default="test", choices=("train", "val", "test"))
    parser.add_argument("--limit", type=int, default=limit)


def read_image(path: Path) -> Any:
    """The decoded image (h, w, 1 or 3) uint8 of a file; raises BadInput."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            "“{path}” cannot be read: {why}.", path=str(path), why=error.strerror or "unknown"
        ) from None
    return cnnviz.images.decode(data)


def read_dataset(given: argparse.Namespace, model: Any) -> Any:
    """The images that were asked for, else the model's own; raises BadInput."""
    name = given.dataset or model.card.dataset
    if name is None:
        raise BadInput("Say which images: --dataset NAME, FOLDER or ZIP.")
    return cnnviz.load_dataset(name, split=given.split, limit=given.limit)


def progress(fraction: float, text: str = "", frame: object = None) -> None:
    """Show how far the work is, on standard error."""
    print(f"\r{text} {fraction:4.0%} ", end="" if fraction < 1 else "\n", file=sys.stderr)


def write(path: Path, data: bytes) -> None:
    """Write a file and the folders above it; raises BadInput."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise BadInput(
            "“{path}” cannot be written: {why}.", path=str(path), why=error.strerror or "unknown"
        ) from None
