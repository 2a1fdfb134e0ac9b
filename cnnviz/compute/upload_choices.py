"""What a model file does not say, and people are asked for."""

from __future__ import annotations

from cnnviz.texts import N_

# How pixels were scaled when the network was trained; all of them are read as RGB from 0 to 255.
SCALINGS: dict[str, str] = {
    "none": N_("0 to 255, as they are (or the network scales them itself)"),
    "zero_one": N_("0 to 1"),
    "minus_one_one": N_("−1 to 1"),
    "imagenet": N_("ImageNet mean and spread (PyTorch, timm)"),
    "caffe": N_("ImageNet mean taken away (Caffe; usually with BGR)"),
}
CHANNEL_ORDERS: dict[str, str] = {"rgb": N_("red, green, blue"), "bgr": N_("blue, green, red")}
FITS: dict[str, str] = {
    "stretch": N_("stretched"),
    "crop": N_("the middle cut out"),
    "pad": N_("whole, with a border"),
}
POLARITIES: dict[str, str] = {
    "any": N_("any picture"),
    "light_on_dark": N_("digits, light on dark, centred as in MNIST"),
}
EVERYDAY_SIDE = 224  # assumed where a network takes any size
