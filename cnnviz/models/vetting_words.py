"""What is said of a model file that cannot be opened, wherever that is found out."""

from __future__ import annotations

from pathlib import Path

from cnnviz.errors import BadModel


def shown(path: Path) -> str:
    """A file's name as it stands in a sentence."""
    return path.name[:60]


def damaged(path: Path) -> BadModel:
    """The error for a file that breaks off or contradicts itself."""
    return BadModel(
        "“{name}” is damaged: it cannot be read to its end. Save or download it once more.",
        name=shown(path),
    )


def no_memory(path: Path) -> BadModel:
    """The error for a network that is larger than the machine."""
    return BadModel("The network in “{name}” needs more memory than there is.", name=shown(path))


def too_long(path: Path) -> BadModel:
    """The error for a description that no network needs."""
    return BadModel(
        "The description of the network in “{name}” is far too long for a network.",
        name=shown(path),
    )
