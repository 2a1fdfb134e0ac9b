"""The networks of ``keras.applications`` in words and numbers: what can be fetched by its name.

Numbers of parameters were counted with Keras 3.15; accuracies are those that Keras reports for the
50,000 validation photos of ImageNet (https://keras.io/api/applications/), not measured here.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.errors import NotFound
from cnnviz.texts import N_


@dataclass(frozen=True)
class Family:
    """What networks of one kind have in common.

    ``pixels`` is what they were trained on, as the modes of Keras' ``preprocess_input`` call it:
    ``caffe`` (blue first, the mean taken off), ``tf`` (−1 to 1), ``torch`` (mean and spread) or
    ``raw`` (0 to 255: the network scales by itself).
    """

    pixels: str
    story: str
    paper: str
    licence: str


@dataclass(frozen=True)
class Application:
    """One network. ``name`` is the function of ``keras.applications``; ``side`` the input's pixels;
    ``reported`` the share of ImageNet's validation photos that it names right, by Keras."""

    name: str
    family: str
    parameters: int
    side: int
    reported: float

    @property
    def megabytes(self) -> int:
        """What is downloaded: four bytes for each parameter."""
        return round(4 * self.parameters / 1e6)

    @property
    def about(self) -> Family:
        return FAMILIES[self.family]


FAMILIES: dict[str, Family] = {
    "VGG": Family(
        "caffe",
        N_(
            "The plain one: nothing but 3×3 convolutions, one after the other, and three huge "
            "dense layers. Easy to read from first layer to last, and large for what it can do."
        ),
        "arXiv 1409.1556",
        "CC BY 4.0",
    ),
    "ResNet": Family(
        "caffe",
        N_(
            "The one with shortcuts: each block only adds to what it was given, so networks of a "
            "hundred layers and more can learn. The usual yardstick ever since."
        ),
        "arXiv 1512.03385",
        "MIT",
    ),
    "ResNetV2": Family(
        "tf",
        N_(
            "ResNet with normalisation and activation moved before the convolutions, so that the "
            "shortcuts stay untouched from end to end."
        ),
        "arXiv 1603.05027",
        "Apache-2.0",
    ),
    "Inception": Family(
        "tf",
        N_(
            "Several sizes of convolution side by side in each block; the network finds out which "
            "it needs."
        ),
        "arXiv 1512.00567, 1602.07261",
        "Apache-2.0",
    ),
    "Xception": Family(
        "tf",
        N_(
            "Looks at places and at channels separately (depthwise separable convolutions), which "
            "takes far fewer parameters. By the author of Keras."
        ),
        "arXiv 1610.02357",
        "MIT",
    ),
    "MobileNet": Family(
        "tf",
        N_(
            "Made for phones: separable convolutions, few parameters, quick on a processor. Good "
            "for a first try here."
        ),
        "arXiv 1704.04861, 1801.04381",
        "Apache-2.0",
    ),
    "MobileNetV3": Family(
        "raw",
        N_(
            "MobileNet improved by a computer's search, with small gates that weigh the channels "
            "(squeeze and excitation)."
        ),
        "arXiv 1905.02244",
        "Apache-2.0",
    ),
    "DenseNet": Family(
        "torch",
        N_(
            "Every layer of a block sees the maps of all layers before it, so little has to be "
            "learned twice."
        ),
        "arXiv 1608.06993",
        "BSD-3-Clause",
    ),
    "NASNet": Family(
        "tf",
        N_("Its blocks were not designed by people but found by a search over many networks."),
        "arXiv 1707.07012",
        "Apache-2.0",
    ),
    "EfficientNet": Family(
        "raw",
        N_(
            "Depth, width and image size grow together by one rule, from B0 to B7. Much accuracy "
            "for few parameters."
        ),
        "arXiv 1905.11946",
        "Apache-2.0",
    ),
    "EfficientNetV2": Family(
        "raw",
        N_("EfficientNet rebuilt for speed: plain convolutions early on, separable ones later."),
        "arXiv 2104.00298",
        "Apache-2.0",
    ),
    "ConvNeXt": Family(
        "raw",
        N_(
            "A convolutional network that borrows what made transformers good: large 7×7 kernels, "
            "few activations, layer normalisation."
        ),
        "arXiv 2201.03545",
        "MIT",
    ),
}

APPLICATIONS: dict[str, Application] = {
    a.name: a
    for a in (
        Application("MobileNetV2", "MobileNet", 3_538_984, 224, 0.713),
        Application("MobileNet", "MobileNet", 4_253_864, 224, 0.704),
        Application("MobileNetV3Small", "MobileNetV3", 2_554_968, 224, 0.681),
        Application("MobileNetV3Large", "MobileNetV3", 5_507_432, 224, 0.756),
        Application("VGG16", "VGG", 138_357_544, 224, 0.713),
        Application("VGG19", "VGG", 143_667_240, 224, 0.713),
        Application("ResNet50", "ResNet", 25_636_712, 224, 0.749),
        Application("ResNet101", "ResNet", 44_707_176, 224, 0.764),
        Application("ResNet152", "ResNet", 60_419_944, 224, 0.766),
        Application("ResNet50V2", "ResNetV2", 25_613_800, 224, 0.760),
        Application("ResNet101V2", "ResNetV2", 44_675_560, 224, 0.772),
        Application("ResNet152V2", "ResNetV2", 60_380_648, 224, 0.780),
        Application("InceptionV3", "Inception", 23_851_784, 299, 0.779),
        Application("InceptionResNetV2", "Inception", 55_873_736, 299, 0.803),
        Application("Xception", "Xception", 22_910_480, 299, 0.790),
        Application("DenseNet121", "DenseNet", 8_062_504, 224, 0.750),
        Application("DenseNet169", "DenseNet", 14_307_880, 224, 0.762),
        Application("DenseNet201", "DenseNet", 20_242_984, 224, 0.773),
        Application("NASNetMobile", "NASNet", 5_326_716, 224, 0.744),
        Application("NASNetLarge", "NASNet", 88_949_818, 331, 0.825),
        Application("EfficientNetB0", "EfficientNet", 5_330_571, 224, 0.771),
        Application("EfficientNetB1", "EfficientNet", 7_856_239, 240, 0.791),
        Application("EfficientNetB2", "EfficientNet", 9_177_569, 260, 0.801),
        Application("EfficientNetB3", "EfficientNet", 12_320_535, 300, 0.816),
        Application("EfficientNetB4", "EfficientNet", 19_466_823, 380, 0.829),
        Application("EfficientNetB5", "EfficientNet", 30_562_527, 456, 0.836),
        Application("EfficientNetB6", "EfficientNet", 43_265_143, 528, 0.840),
        Application("EfficientNetB7", "EfficientNet", 66_658_687, 600, 0.843),
        Application("EfficientNetV2B0", "EfficientNetV2", 7_200_312, 224, 0.787),
        Application("EfficientNetV2B1", "EfficientNetV2", 8_212_124, 240, 0.798),
        Application("EfficientNetV2B2", "EfficientNetV2", 10_178_374, 260, 0.805),
        Application("EfficientNetV2B3", "EfficientNetV2", 14_467_622, 300, 0.820),
        Application("EfficientNetV2S", "EfficientNetV2", 21_612_360, 384, 0.839),
        Application("EfficientNetV2M", "EfficientNetV2", 54_431_388, 480, 0.853),
        Application("EfficientNetV2L", "EfficientNetV2", 119_027_848, 480, 0.857),
        Application("ConvNeXtTiny", "ConvNeXt", 28_589_128, 224, 0.813),
        Application("ConvNeXtSmall", "ConvNeXt", 50_223_688, 224, 0.823),
        Application("ConvNeXtBase", "ConvNeXt", 88_591_464, 224, 0.853),
        Application("ConvNeXtLarge", "ConvNeXt", 197_767_336, 224, 0.863),
        Application("ConvNeXtXLarge", "ConvNeXt", 350_196_968, 224, 0.867),
    )
}


def application(name: str) -> Application:
    """The network of that name, in any case and with or without ``keras:``; raises NotFound."""
    wanted = str(name).removeprefix("keras:").casefold()
    for known in APPLICATIONS.values():
        if known.name.casefold() == wanted:
            return known
    raise NotFound(
        "Keras has no network called “{name}”. There are: {known}.",
        name=str(name)[:40],
        known=", ".join(APPLICATIONS),
    )
