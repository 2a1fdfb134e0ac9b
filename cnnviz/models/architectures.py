"""The architectures on offer: what they are called, what can be set, where they come from.

No TensorFlow here, so that the Train page and the terminal can list them at once; the networks
themselves are built in :mod:`cnnviz.models.networks`.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.errors import BadInput
from cnnviz.models import blocks
from cnnviz.models.parameters import Parameter
from cnnviz.models.references import ModelReference
from cnnviz.texts import N_

MIN_SIDE = 28  # the smallest input that every architecture of fixed layers accepts


@dataclass(frozen=True)
class Architecture:
    """A recipe for an untrained network; ``min_side`` pixels are the least it can work on."""

    name: str
    title: str
    story: str
    source: str
    parameters: tuple[Parameter, ...]
    min_side: int = MIN_SIDE

    def settings(self, given: dict | None = None) -> dict:
        """All parameters with their values, the given ones checked; raises BadInput."""
        given = dict(given or {})
        values = {p.name: p.check(given.pop(p.name, p.default)) for p in self.parameters}
        if given:
            known = ", ".join(p.name for p in self.parameters) or "none"
            raise BadInput(
                "{architecture} has no setting called “{setting}”. Its settings: {known}.",
                architecture=self.title,
                setting=str(next(iter(given)))[:40],
                known=known,
            )
        return values


_ACTIVATION = Parameter(
    "activation",
    N_("Activation"),
    N_("The function after every convolution: ReLU cuts negative values off, tanh squeezes."),
    "relu",
    choices=("relu", "tanh", "gelu"),
)


def _width(default: int) -> Parameter:
    return Parameter(
        "width",
        N_("Channels in the first block"),
        N_("More channels see more, and take longer."),
        default,
        minimum=4,
        maximum=128,
    )


def _dropout(default: float) -> Parameter:
    return Parameter(
        "dropout",
        N_("Dropout"),
        N_("Share of values set to zero while training, so that no single channel is relied on."),
        default,
        minimum=0.0,
        maximum=0.8,
    )


ARCHITECTURES: dict[str, Architecture] = {
    a.name: a
    for a in (
        Architecture(
            "lenet5",
            N_("LeNet-5"),
            N_("The network that read cheques in the 1990s: two convolutions, three dense layers."),
            "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document "
            "Recognition (Proc. IEEE, 1998)",
            (
                _ACTIVATION,
                Parameter(
                    "pooling",
                    N_("Pooling"),
                    N_("Halves the picture: keeps the strongest value, or the average as in 1998."),
                    "max",
                    choices=(N_("max"), N_("average")),
                ),
                _dropout(0.0),
            ),
        ),
        Architecture(
            "tiny_vgg",
            N_("Tiny VGG"),
            N_(
                "The small teaching net of CNN Explainer: four convolutions of ten channels, easy "
                "to look at in full."
            ),
            "Wang et al.: CNN Explainer (arXiv 2004.15004)",
            (_width(10), _ACTIVATION, _dropout(0.0)),
        ),
        Architecture(
            "vgg_bn",
            N_("VGG with batch normalisation"),
            N_("Pairs of 3×3 convolutions, then halve the picture and double the channels."),
            "Simonyan, Zisserman (arXiv 1409.1556); Ioffe, Szegedy (arXiv 1502.03167)",
            (
                _width(32),
                Parameter(
                    "blocks",
                    N_("Blocks"),
                    N_("Pairs of convolutions, each at half the size of the one before."),
                    3,
                    minimum=1,
                    maximum=4,
                ),
                _ACTIVATION,
                _dropout(0.2),
            ),
        ),
        Architecture(
            "cifar_resnet",
            N_("ResNet (6n+2 layers)"),
            N_(
                "Shortcuts carry the picture past each pair of convolutions, so that depth does "
                "not hurt."
            ),
            "He, Zhang, Ren, Sun: Deep Residual Learning (arXiv 1512.03385), section 4.2",
            (
                Parameter(
                    "n",
                    N_("Blocks per stage (n)"),
                    N_("Three stages of n residual blocks: n = 3 is ResNet-20."),
                    1,
                    minimum=1,
                    maximum=9,
                ),
                _width(16),
                _dropout(0.0),
            ),
        ),
        Architecture(
            "own",
            N_("Build your own"),
            N_("Put layers one after the other, and see what becomes of the picture."),
            "",
            (
                Parameter(
                    "blocks",
                    N_("Blocks"),
                    N_("The layers from the image to the answer, parted by commas."),
                    blocks.PRESETS["small"][1],
                    read=blocks.canonical,
                ),
            ),
            min_side=1,  # what does not fit is found block by block
        ),
        Architecture(
            "transfer",
            N_("Learn from another network"),
            N_(
                "A network that has learnt already keeps what it knows; only a new last layer "
                "learns your classes. That takes few images."
            ),
            "Yosinski, Clune, Bengio, Lipson: How transferable are features in deep neural "
            "networks? (arXiv 1411.1792)",
            (
                Parameter(
                    "base",
                    N_("What it builds on"),
                    N_("A network that is cut off before its last layer."),
                    "shipped:cifar10_resnet",
                    read=lambda text: str(ModelReference.parse(text)),
                ),
                Parameter(
                    "invert",
                    N_("Invert the images"),
                    N_("Light becomes dark first, where the network below learnt it that way."),
                    "no",
                    choices=(N_("no"), N_("yes")),
                ),
                Parameter(
                    "frozen_epochs",
                    N_("Epochs with everything frozen"),
                    N_("So long only the new last layer learns."),
                    2,
                    minimum=0,
                    maximum=1000,
                ),
                Parameter(
                    "unfreeze",
                    N_("Layers that learn on afterwards"),
                    N_(
                        "How many of the last layers of the network below go on learning then, at "
                        "a tenth of the learning rate."
                    ),
                    0,
                    minimum=0,
                    maximum=1000,
                ),
                _dropout(0.2),
            ),
            min_side=1,  # images are enlarged to what it builds on
        ),
    )
}


def get_architecture(name: str) -> Architecture:
    """The architecture of that name; raises BadInput with the names there are."""
    try:
        return ARCHITECTURES[name]
    except KeyError:
        raise BadInput(
            "There is no architecture called “{name}”. Choose one of: {known}.",
            name=str(name)[:40],
            known=", ".join(ARCHITECTURES),
        ) from None
