"""What a training is told: data, network, and how to learn."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from cnnviz import storage
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.imported import describe_imported
from cnnviz.errors import BadInput, NotFound
from cnnviz.models.architectures import get_architecture
from cnnviz.training.augment import AUGMENTATIONS
from cnnviz.training.setting_names import changes

OPTIMIZERS = ("adam", "sgd", "adamw")
SCHEDULES = ("constant", "cosine", "one_cycle", "reduce_on_plateau")
DEVICES = ("one", "all")
BOUNDS: dict[str, tuple[float, float, type]] = {  # lowest, highest, kind of number
    "epochs": (1, 1000, int),
    "batch_size": (1, 4096, int),
    "learning_rate": (1e-7, 1e6, float),
    "momentum": (0, 0.999, float),
    "weight_decay": (0, 1, float),
    "l2": (0, 1, float),
    "label_smoothing": (0, 0.9, float),
    "early_stopping": (1, 1000, int),
    "gradient_accumulation": (1, 64, int),
    "limit": (10, 10_000_000, int),
    "seed": (0, 2**31 - 1, int),
}
SWITCHES = ("class_weights", "weight_averaging", "mixed_precision", "complete", "tensorboard")
APPLIES = {"momentum": "sgd", "weight_decay": "adamw"}  # settings of one optimizer only
_OPTIONAL = ("early_stopping", "limit")
_LONGEST_TITLE = 80
_PHOTOS = ("flip", "shift")
SUITS = {  # unknown photos may be text
    "fashion_mnist": ("flip",),
    "cifar10": _PHOTOS,
    "cifar10_animals": _PHOTOS,
    "cifar10_noisy": _PHOTOS,
}


@dataclass(frozen=True)
class TrainingConfig:
    """The settings of one training. What is left out takes a value that works.

    ``dataset`` is a bundled name, ``upload:<id>``, or (library and terminal) a folder or zip.
    ``parameters`` are those of the architecture. ``augmentation`` names what is done to the
    training images, None is what suits the data set. ``limit`` is the number of training images,
    None is all. ``complete`` takes the full original training set, which may be downloaded.
    ``momentum`` is SGD's, ``weight_decay`` AdamW's. ``l2`` times the squared weights is added to
    the loss. ``early_stopping`` is the number of epochs without a better validation loss after
    which it ends; None goes on to the end. ``class_weights`` makes every class count alike, however
    many images it has. ``weight_averaging`` ends with a moving average of the weights.
    ``gradient_accumulation`` batches make one step. ``tensorboard`` also writes TensorBoard's logs.
    ``devices`` is "one", or "all" to share each batch among all graphics cards of the machine.
    """

    dataset: str = "fashion_mnist"
    architecture: str = "tiny_vgg"
    epochs: int = 3
    parameters: dict[str, str | int | float] = field(default_factory=dict)
    batch_size: int = 64
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    momentum: float = 0.9
    weight_decay: float = 0.004
    l2: float = 0.0
    label_smoothing: float = 0.0
    early_stopping: int | None = None
    class_weights: bool = False
    weight_averaging: bool = False
    gradient_accumulation: int = 1
    mixed_precision: bool = False
    augmentation: tuple[str, ...] | None = None
    limit: int | None = None
    complete: bool = False
    seed: int = 0
    tensorboard: bool = False
    devices: str = "one"
    title: str = ""

    def check(self, folders: bool = True) -> TrainingConfig:
        """The same settings with every default filled in.

        Args:
            folders: whether ``dataset`` may be a path on this machine.

        Raises:
            BadInput: a setting is unknown or out of range.
        """
        self._check_dataset(folders)
        if not isinstance(self.parameters, dict):
            raise BadInput("These are not the settings of a training.")
        settings = get_architecture(self.architecture).settings(dict(self.parameters))
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("schedule", self.schedule, SCHEDULES)
        _check_choice("devices", self.devices, DEVICES)
        if self.devices == "all" and self.gradient_accumulation > 1:
            raise BadInput(
                "Gradient accumulation is for one graphics card. On all of them a larger batch "
                "does the same."
            )
        for name in BOUNDS:
            check_number(name, getattr(self, name))
        for name in SWITCHES:
            _check_choice(name, getattr(self, name), (True, False))
        usual = TrainingConfig()
        unused = {n: getattr(usual, n) for n, of in APPLIES.items() if of != self.optimizer}
        checked = replace(
            self,
            dataset=str(self.dataset),
            parameters=settings,
            augmentation=self._augmentation(),
            title=str(self.title).strip()[:_LONGEST_TITLE],
            **unused,
        )
        return checked if checked.title else replace(checked, title=checked._name())

    def _check_dataset(self, folders: bool) -> None:
        name = str(self.dataset)
        if name.startswith("upload:"):
            known = _is_kept(name.removeprefix("upload:"))
        else:
            known = name in DATASETS or (folders and Path(name).exists())
        if known:
            return
        raise BadInput(
            "There is no data set called “{name}”. Choose one of: {known}.",
            name=name[:40],
            known=", ".join(DATASETS),
        )

    def usual_augmentation(self) -> tuple[str, ...]:
        """What is done to the images of this data set unless somebody chooses."""
        return SUITS.get(str(self.dataset), ())

    def _augmentation(self) -> tuple[str, ...]:
        if self.augmentation is None:
            return self.usual_augmentation()
        for name in self.augmentation:
            _check_choice("augmentation", name, tuple(AUGMENTATIONS))
        return tuple(name for name in AUGMENTATIONS if name in self.augmentation)

    def _name(self) -> str:
        """What to call it: the data, the network, and the settings that are not the usual ones."""
        name = str(self.dataset)
        if name in DATASETS:
            data = DATASETS[name].title
        elif name.startswith("upload:"):
            data = describe_imported(name.removeprefix("upload:")).title[:40]
        else:
            data = Path(name).name[:40]
        parts = [data, get_architecture(self.architecture).title]
        parts += [f"{label}: {value}" if value else label for label, value in changes(self)]
        title = " · ".join(parts)
        if len(title) <= _LONGEST_TITLE:
            return title
        while len(parts) > 2 and len(" · ".join([*parts, "…"])) > _LONGEST_TITLE:
            parts.pop()
        return " · ".join([*parts, "…"])[:_LONGEST_TITLE]

    def to_json(self) -> dict:
        """As JSON values, for config.json."""
        return {**asdict(self), "augmentation": self.augmentation and list(self.augmentation)}

    @classmethod
    def from_json(cls, data: dict | str) -> TrainingConfig:
        """Rebuild settings from :meth:`to_json` or its text; raises BadInput."""
        try:
            data = json.loads(data) if isinstance(data, str) else data
            data = {**data}
            if data.get("augmentation") is not None:
                data["augmentation"] = tuple(data["augmentation"])
            return cls(**data)
        except (TypeError, ValueError):
            raise BadInput("These are not the settings of a training.") from None


def _is_kept(upload: str) -> bool:
    try:
        return storage.entry("uploads", upload).is_dir()
    except NotFound:
        return False


def _check_choice(name: str, value: object, choices: tuple) -> None:
    if value not in choices or isinstance(value, bool) != isinstance(choices[0], bool):
        raise BadInput(
            "“{setting}” can be {choices}, not “{value}”.",
            setting=name,
            choices=", ".join(str(c) for c in choices),
            value=str(value)[:40],
        )


def check_number(name: str, value: object) -> None:
    """Raise BadInput when a number is not one, or outside of its ``BOUNDS``.

    None is a value where the setting's default is None.
    """
    low, high, kind = BOUNDS[name]
    if value is None and name in _OPTIONAL:
        return
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or (kind is float and isinstance(value, float) and math.isfinite(value))
    if not number:
        raise BadInput(
            "“{setting}” must be a number, not “{value}”.", setting=name, value=str(value)[:40]
        )
    if not low <= value <= high:
        raise BadInput(
            "“{setting}” must lie between {minimum} and {maximum}, not {value}.",
            setting=name,
            minimum=low,
            maximum=high,
            value=value,
        )
