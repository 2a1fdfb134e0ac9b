"""The pages in the order of the lesson: file, short name, the question each one answers."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.texts import N_


@dataclass(frozen=True)
class Page:
    """``key`` is the file's name and the address; ``question`` is the page's title."""

    key: str
    group: str
    name: str
    question: str
    help: str

    @property
    def file(self) -> str:
        return f"pages/{self.key}.py"


_START, _IMAGE = N_("Start"), N_("One image")
_IMAGES, _OWN = N_("Many images"), N_("Your own")

PAGES: tuple[Page, ...] = (
    Page(
        "home",
        _START,
        N_("Home"),
        N_("What is inside a network?"),
        N_("One photo on its way through a network, from pixels to the answer."),
    ),
    Page(
        "models",
        _START,
        N_("Models"),
        N_("What can I open?"),
        N_("The networks that are here, your own ones, and files you bring."),
    ),
    Page(
        "data",
        _START,
        N_("Data"),
        N_("What does it learn from?"),
        N_("The images a network is trained and tested on; add a folder of your own."),
    ),
    Page(
        "architecture",
        _IMAGE,
        N_("Architecture"),
        N_("What is it made of?"),
        N_("The layers as a drawing, and what one unit can see of the image."),
    ),
    Page(
        "feature_maps",
        _IMAGE,
        N_("Feature maps"),
        N_("What does each layer see?"),
        N_("The output of every layer for your image, one tile for each channel."),
    ),
    Page(
        "filters",
        _IMAGE,
        N_("Filters"),
        N_("What is each channel looking for?"),
        N_("Pictures made to excite a channel, and the real images that excite it most."),
    ),
    Page(
        "heatmaps",
        _IMAGE,
        N_("Heatmaps"),
        N_("What spoke for this answer?"),
        N_("Grad-CAM: which parts of your image spoke for each class."),
    ),
    Page(
        "evaluation",
        _IMAGES,
        N_("Evaluation"),
        N_("How good is it?"),
        N_("Accuracy, and which classes get mixed up."),
    ),
    Page(
        "mistakes",
        _IMAGES,
        N_("Mistakes"),
        N_("What does it get wrong, and why?"),
        N_("The misclassified images, most confident first, with their heatmaps."),
    ),
    Page(
        "feature_space",
        _IMAGES,
        N_("Feature space"),
        N_("What does it find alike?"),
        N_("A map of many images, arranged by how alike the network finds them."),
    ),
    Page(
        "train",
        _OWN,
        N_("Train"),
        N_("How does it learn?"),
        N_("Train a network and watch it learn."),
    ),
    Page(
        "runs",
        _OWN,
        N_("Runs"),
        N_("What did I try, and what worked?"),
        N_("Every training you started, with its curves."),
    ),
)


# Beside the lesson: in the navigation, in nobody's order.
YOUR_THINGS = Page(
    "your_things",
    _OWN,
    N_("Your things"),
    N_("What have I brought and made?"),
    N_("Everything of yours on this server, how much room it takes, and your private link."),
)
TEACHER = Page(
    "teacher",
    _OWN,
    N_("Class"),
    N_("What is my class doing?"),
    N_("Who is here, what is at work, and who takes how much room. For the teacher."),
)


def page(key: str) -> Page:
    """The page of that key; raises KeyError."""
    return {p.key: p for p in (*PAGES, YOUR_THINGS, TEACHER)}[key]


def after(key: str) -> Page | None:
    """The next page of the lesson; None after the last, and for pages beside it."""
    keys = [p.key for p in PAGES]
    position = keys.index(key) + 1 if key in keys else len(PAGES)
    return PAGES[position] if position < len(PAGES) else None
