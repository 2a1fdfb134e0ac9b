"""The card of a model: everything about a network that can be said without running it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path

from cnnviz.errors import NotFound

FILE = "card.json"
ACTIVATIONS = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU")  # layers that only bend values


@dataclass(frozen=True)
class ReceptiveField:
    """Which input pixels a unit of a layer can see, along both axes.

    Unit (i, j) sees rows ``start[0] + i·stride[0]`` … ``+ size[0] - 1`` and likewise columns; rows
    and columns outside the image are padding.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    start: tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """One layer as a page needs it.

    ``name`` is the Keras name, ``outer/inner`` inside a nested model. ``output_shape`` is without
    the batch: (h, w, channels) or (units,). ``inputs`` are the names of the layers before it.
    ``flops`` counts multiplications and additions for one image. ``receptive_field`` is None where
    it is the whole image or has no meaning. ``uses`` counts how often an image passes the layer;
    of one used several times the last use is shown.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int = 0
    flops: int = 0
    inputs: tuple[str, ...] = ()
    receptive_field: ReceptiveField | None = None
    uses: int = 1

    @property
    def spatial(self) -> bool:
        """Whether the output is a stack of maps with more than one position."""
        return len(self.output_shape) == 3 and self.output_shape[0] * self.output_shape[1] > 1

    @property
    def values(self) -> int:
        """Numbers in the output for one image; open sides count as one."""
        return prod(max(int(side or 1), 1) for side in self.output_shape)


@dataclass(frozen=True)
class Accuracy:
    """A measured accuracy (0–1) with the images it was measured on."""

    value: float
    dataset: str
    split: str
    images: int


@dataclass(frozen=True)
class Card:
    """See DESIGN in ``docs/architecture.md``; texts are English and keys of the catalogues.

    ``fit`` is how an image becomes ``input_shape``: ``stretch``, ``crop`` (centre) or ``pad``.
    ``polarity`` is ``any`` or ``light_on_dark`` (digits: an image is inverted, cropped and centred
    as MNIST was). ``dataset`` is the bundled data set it was trained on, where there is one.
    ``recipe`` says how it was trained. ``accuracy`` begins with the test images of ``dataset``;
    what follows puts that number in its place (other images, the training images).
    ``answers`` is ``one`` (the classes share one vote) or ``several`` (multi-label: each class is
    answered yes or no for itself). ``heatmap_layer``, ``feature_layer`` and ``filter_layer`` are
    the defaults of the pages.
    """

    title: str
    class_names: tuple[str, ...]
    input_shape: tuple[int, int, int]
    story: str = ""
    fit: str = "stretch"
    polarity: str = "any"
    dataset: str | None = None
    source: str = ""
    licence: str = ""
    weaknesses: str = ""
    recipe: str = ""
    answers: str = "one"
    accuracy: tuple[Accuracy, ...] = ()
    parameters: int = 0
    flops: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()
    heatmap_layer: str | None = None
    feature_layer: str | None = None
    filter_layer: str | None = None

    def layer(self, name: str) -> Layer:
        """The layer of that name; raises NotFound."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise NotFound("This model has no layer called “{layer}”.", layer=name)

    @cached_property  # each question needs it, and networks have hundreds of layers
    def widest(self) -> int:
        """Values that an image is at the widest place: a layer's output, and what it is made of."""
        return sum(sorted((layer.values for layer in self.layers), reverse=True)[:2])

    @property
    def spatial_layers(self) -> tuple[Layer, ...]:
        """Layers whose output is a stack of maps, first to last, the input left out."""
        return tuple(x for x in self.layers if x.spatial and x.kind != "InputLayer")

    @property
    def activation_layers(self) -> tuple[Layer, ...]:
        """Layers with maps whose values are bent already (post-activation), first to last.

        Those are the layers of activations, and convolutions with the activation built in: no
        normalisation and no activation comes right after them.
        """
        followed = {
            name for layer in self.layers if _unfinished_before(layer) for name in layer.inputs
        }
        return tuple(
            x
            for x in self.spatial_layers
            if x.kind in ACTIVATIONS or ("Conv" in x.kind and x.name not in followed)
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Rebuild a card; raises TypeError, KeyError or ValueError on anything else."""
        data = json.loads(text)
        data["layers"] = tuple(_layer(x) for x in data.get("layers", ()))
        data["accuracy"] = tuple(Accuracy(**x) for x in data.get("accuracy", ()))
        data["class_names"] = tuple(data["class_names"])
        data["input_shape"] = tuple(data["input_shape"])
        return cls(**data)


def _unfinished_before(layer: Layer) -> bool:
    return layer.kind in ACTIVATIONS or layer.kind.endswith("Normalization")


def _layer(data: dict) -> Layer:
    field_data = data.pop("receptive_field", None)
    if field_data is not None:
        field_data = ReceptiveField(**{k: tuple(v) for k, v in field_data.items()})
    return Layer(
        **{
            **data,
            "output_shape": tuple(data["output_shape"]),
            "inputs": tuple(data.get("inputs", ())),
            "receptive_field": field_data,
        }
    )


def read_card(folder: Path) -> Card:
    """The card in a model's folder; raises NotFound."""
    try:
        return Card.from_json((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound("This model has no card, so its answers cannot be named.") from None
