"""The methods of explanation in words: what pages, terminal and library offer, and how to read it.

What a method computes is in :mod:`cnnviz.explanation.methods`, under the same names.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.texts import N_


@dataclass(frozen=True)
class Method:
    """One way to ask what spoke for an answer.

    ``question`` are the plain words that come before the technical ``title``; ``reading`` says how
    to read the picture; ``source`` is the paper. ``kind`` is ``cam`` (fields of a layer, so it
    takes a layer), ``pixels`` (single pixels, by gradients) or ``perturbation`` (the image is
    changed and shown again). ``cost`` is ``quick`` (under two seconds on a processor) or ``long``.
    ``signed`` maps also hold what spoke against the class. ``takes_layer`` methods read a layer.
    ``class_blind`` ones do not ask for a class, so none can be held against another. Maps of
    ``magnitude`` say how much, not in which direction. Where there is a ``pixel_sign``, it says
    whether brighter or darker pixels would raise the score, not what spoke for or against it.
    """

    name: str
    title: str
    question: str
    reading: str
    source: str
    kind: str
    cost: str = "quick"
    signed: bool = False
    takes_layer: bool = False
    class_blind: bool = False
    magnitude: bool = False
    pixel_sign: bool = False

    def is_signed(self, held: bool) -> bool:
        """Whether its maps have signs; ``held``: where the class is held against another."""
        return self.signed or (held and not self.magnitude and not self.class_blind)


def _cam(name: str, title: str, question: str, reading: str, source: str, **more: object) -> Method:
    return Method(name, title, question, reading, source, "cam", takes_layer=True, **more)


_ALL = (
    _cam(
        "grad_cam",
        "Grad-CAM",
        N_("Which regions spoke for it?"),
        N_(
            "Bright regions hold what raised the score of the class. Each channel of the layer "
            "counts with its average gradient, so the regions are as coarse as the layer."
        ),
        "Selvaraju et al. 2017, arXiv 1610.02391",
    ),
    _cam(
        "grad_cam_pp",
        "Grad-CAM++",
        N_("Which regions, several small ones too?"),
        N_("Like Grad-CAM, but small regions count as much as large ones."),
        "Chattopadhyay et al. 2018, arXiv 1710.11063",
    ),
    _cam(
        "hires_cam",
        "HiResCAM",
        N_("Which regions were really used?"),
        N_(
            "Each field of the layer counts with its own gradient. Where only one dense layer "
            "follows, the fields add up to the score. Red spoke for the class, blue against it."
        ),
        "Draelos, Carin 2020, arXiv 2011.08891",
        signed=True,
    ),
    _cam(
        "layer_cam",
        "Layer-CAM",
        N_("Which fine regions, in early layers too?"),
        N_("Each field counts with its own gradient where that is positive."),
        "Jiang et al. 2021, doi 10.1109/TIP.2021.3089943",
    ),
    _cam(
        "xgrad_cam",
        "XGrad-CAM",
        N_("Which regions, weighted by where they are active?"),
        N_("Each channel counts with its gradient where it is active."),
        "Fu et al. 2020, arXiv 2008.02312",
    ),
    _cam(
        "eigen_cam",
        "Eigen-CAM",
        N_("What stands out, whatever the class?"),
        N_(
            "The strongest pattern in the layer's activations. It does not ask for a class: the "
            "map is the same for all of them."
        ),
        "Muhammad, Yeasin 2020, arXiv 2008.00299",
        class_blind=True,
    ),
    _cam(
        "score_cam",
        "Score-CAM",
        N_("Which regions are enough for the answer?"),
        N_(
            "The image is shown again and again, each time with only the regions of one channel "
            "visible. Channels that keep the class count."
        ),
        "Wang et al. 2020, arXiv 1910.01279",
        cost="long",
    ),
    _cam(
        "ablation_cam",
        "Ablation-CAM",
        N_("Which channels would be missed?"),
        N_(
            "Each channel of the layer is switched off in turn. Channels whose loss lowers the "
            "score count with the share that is lost."
        ),
        "Desai, Ramaswamy 2020, doi 10.1109/WACV45572.2020.9093360",
        cost="long",
    ),
    Method(
        "gradient",
        N_("Gradient"),
        N_("Which pixels would change the answer most?"),
        N_(
            "Bright pixels: a small change there changes the score most. That is sensitivity, not "
            "evidence, and usually noisy."
        ),
        "Simonyan et al. 2013, arXiv 1312.6034",
        "pixels",
        magnitude=True,
    ),
    Method(
        "gradient_x_input",
        N_("Gradient × input"),
        N_("Which pixels added to the score?"),
        N_(
            "The gradient of each pixel times its brightness: red added to the score, blue took "
            "from it. Black pixels always count as nothing."
        ),
        "Shrikumar et al. 2016, arXiv 1605.01713",
        "pixels",
        signed=True,
    ),
    Method(
        "smooth_grad",
        "SmoothGrad",
        N_("Which pixels matter, with less noise?"),
        N_("The gradient, averaged over copies of the image with a little noise."),
        "Smilkov et al. 2017, arXiv 1706.03825",
        "pixels",
        cost="long",
        magnitude=True,
    ),
    Method(
        "integrated_gradients",
        "Integrated Gradients",
        N_("How much did each pixel add?"),
        N_(
            "The image is faded in from a plain one, and what each pixel adds on the way is summed "
            "up: red for the class, blue against it. All of it together is the gain in score."
        ),
        "Sundararajan et al. 2017, arXiv 1703.01365",
        "pixels",
        cost="long",
        signed=True,
    ),
    Method(
        "guided_backprop",
        N_("Guided backpropagation"),
        N_("Which edges excited the network?"),
        N_(
            "Sharp and handsome, but it hardly depends on the class or on what was learned: an "
            "edge detector. Good for seeing details, not as evidence."
        ),
        "Springenberg et al. 2014, arXiv 1412.6806",
        "pixels",
        signed=True,
        pixel_sign=True,
    ),
    Method(
        "guided_grad_cam",
        "Guided Grad-CAM",
        N_("Which details within the regions?"),
        N_("Guided backpropagation where Grad-CAM is bright. It shares the former's weakness."),
        "Selvaraju et al. 2017, arXiv 1610.02391",
        "pixels",
        signed=True,
        takes_layer=True,
        pixel_sign=True,
    ),
    Method(
        "occlusion",
        N_("Occlusion"),
        N_("What happens when a part is covered?"),
        N_(
            "A patch in the image's mean colour is moved over it. Red: the score falls when that "
            "place is covered, so it was needed; blue: the score rises."
        ),
        "Zeiler, Fergus 2013, arXiv 1311.2901",
        "perturbation",
        cost="long",
        signed=True,
    ),
    Method(
        "rise",
        "RISE",
        N_("What do thousands of half-covered images say?"),
        N_(
            "The image is shown with random parts covered. Red: with that place visible, the class "
            "got more of the vote than on average; blue: less."
        ),
        "Petsiuk et al. 2018, arXiv 1806.07421",
        "perturbation",
        cost="long",
        signed=True,
    ),
)

CATALOGUE: dict[str, Method] = {method.name: method for method in _ALL}
