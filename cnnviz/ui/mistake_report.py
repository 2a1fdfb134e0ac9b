"""Gathers what a report of mistakes shows: texts in the reader's language, pictures as files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np

from cnnviz import images
from cnnviz.datasets.image_references import open_image
from cnnviz.evaluation.intervals import wilson
from cnnviz.evaluation.results import Evaluation
from cnnviz.figures import overlays
from cnnviz.figures.mistake_report import Reason, Report, Shown, Vote, html
from cnnviz.marks import Mark
from cnnviz.ui.language import _, language, listed, n_, percent, split_names
from cnnviz.ui.many import Labelled
from cnnviz.ui.mistake_list import margin_of
from cnnviz.ui.questions import ask
from cnnviz.ui.vote_words import share_in_words

MOST = 200  # images in one report
_AT_ONCE = 24  # images asked about together
_LARGEST = 160  # pixels of a picture's longer side
_EXACT = 96  # pictures up to this size stay as they are
_PAIRS = 6
_EXAMPLES = 4


def make(
    labelled: Labelled,
    found: Evaluation,
    positions: np.ndarray,
    marks: Mapping[int, Mark],
    causes: list[dict] | None,
    cause_names: Mapping[str, str],
    on_progress: Callable[[float], None],
) -> bytes:
    """The report about the images at ``positions``, at most ``MOST``, as a file.

    ``causes`` as the question of that name gives them, None while they are not counted.
    ``on_progress`` gets shares of the whole.
    """
    chosen = positions[:MOST]
    of_image: dict[int, list[str]] = {}
    for cause in causes or []:
        for p in cause["positions"]:
            of_image.setdefault(int(p), []).append(cause_names.get(cause["key"], cause["key"]))
    shown = []
    for p, heats in _with_heats(labelled, found, chosen):
        shown.append(_shown(labelled, found, p, heats, marks, of_image.get(p, [])))
        on_progress(len(shown) / len(chosen))
    card = labelled.opened.card
    wrong = len(found.mistakes)
    return html(
        Report(
            language=language().replace("_", "-"),
            title=_("What “{model}” gets wrong").format(model=_(card.title)),
            lead=_lead(labelled, found),
            facts=_facts(found),
            confusion_title=_("Which classes it mixes up"),
            confusion_words=_(
                "A row is what the images are, a column what they were called. Blue: recognised; "
                "red: mistaken."
            ),
            confusion=found.confusion,
            names=labelled.class_names,
            pairs=_pairs(labelled, found),
            reasons_title=_("Possible reasons"),
            reasons_words=_reasons_words(causes),
            reasons=[_reason(labelled, found, one, cause_names) for one in causes or []],
            shown_title=n_("{count} image", "{count} images", len(shown)),
            shown_words=_shown_words(len(positions), wrong),
            shown=shown,
            end=_("Made on {day} with cnnviz. Labels and answers are as they were then.").format(
                day=time.strftime("%Y-%m-%d")
            ),
        )
    ).encode()


def _lead(labelled: Labelled, found: Evaluation) -> str:
    card = labelled.opened.card
    return _(
        "A network with {parameters} parameters and {classes} classes, shown {images} {split} "
        "images of “{data}”."
    ).format(
        parameters=f"{card.parameters:,}",
        classes=f"{len(card.class_names):,}",
        images=f"{len(found):,}",
        split=split_names()[labelled.split],
        data=labelled.title,
    )


def _facts(found: Evaluation) -> list[tuple[str, str]]:
    right = len(found) - len(found.mistakes)
    low, high = wilson(right, len(found))
    return [
        (_("Accuracy"), percent(found.accuracy, 1)),
        (_("95 % interval (Wilson)"), f"{percent(low, 1)} – {percent(high, 1)}"),
        (_("Wrong answers"), f"{len(found.mistakes):,}"),
    ]


def _pairs(labelled: Labelled, found: Evaluation) -> list[str]:
    wrong = found.confusion - np.diag(np.diag(found.confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    cells = [(int(i) // len(wrong), int(i) % len(wrong)) for i in order]
    names = labelled.class_names
    return [
        _("“{true}” called “{called}”: {images}").format(
            true=names[t],
            called=names[c],
            images=n_("{count} image", "{count} images", int(wrong[t, c])),
        )
        for t, c in cells
        if wrong[t, c]
    ]


def _shown_words(count: int, wrong: int) -> str:
    if count > MOST:
        return _(
            "The first {most} of {count} listed images. The network was wrong on {wrong} in all."
        ).format(most=MOST, count=f"{count:,}", wrong=f"{wrong:,}")
    return _("The images that were listed. The network was wrong on {wrong} in all.").format(
        wrong=f"{wrong:,}"
    )


def _reasons_words(causes: list[dict] | None) -> str:
    if causes is None:
        return _("They had not been counted when this report was made.")
    if not causes:
        return _("None of those that were looked for was found.")
    return _("An image can have several. They are guesses: the images decide.")


def _reason(labelled: Labelled, found: Evaluation, cause: dict, names: Mapping[str, str]) -> Reason:
    examples = [
        _file(open_image(labelled.reference(int(found.indices[p]))).image)
        for p in cause["positions"][:_EXAMPLES]
    ]
    count = n_("{count} mistake", "{count} mistakes", int(cause["count"]))
    return Reason(names.get(cause["key"], cause["key"]), count, tuple(examples))


def _shown(
    labelled: Labelled,
    found: Evaluation,
    p: int,
    heats: list[tuple[str, bytes]],
    marks: Mapping[int, Mark],
    causes: list[str],
) -> Shown:
    index, names = int(found.indices[p]), labelled.class_names
    true, called = int(found.labels[p]), int(found.predicted[p])
    mark = marks.get(index, Mark())
    title = (
        _("“{name}”, recognised").format(name=names[true])
        if true == called
        else _("“{true}”, called “{called}”").format(true=names[true], called=names[called])
    )
    roles = {true: ("true", _("it is")), called: ("called", _("called"))}
    votes = [
        Vote(names[c], float(s), percent(float(s)), *roles.get(int(c), ("", "")))
        for c, s in zip(found.top_classes[p], found.top_probabilities[p], strict=True)
    ]
    if true not in found.top_classes[p]:
        share = float(found.true_probabilities[p])
        votes.append(Vote(names[true], share, percent(share), *roles[true]))
    return Shown(
        title=title,
        place=_("Image {index} of the {split} images").format(
            index=f"{index:,}", split=split_names()[labelled.split]
        ),
        picture=_file(open_image(labelled.reference(index)).image),
        heats=tuple(heats),
        votes=tuple(votes),
        causes=_("{share}; margin to the next: {margin}.").format(
            share=share_in_words(labelled.opened.card, float(found.confidence[p])),
            margin=percent(float(margin_of(found)[p])),
        )
        + (" " + _("Possible reasons: {causes}").format(causes=listed(causes)) if causes else ""),
        note=mark.note,
        mark=_("marked") if mark.marked else "",
    )


def _with_heats(
    labelled: Labelled, found: Evaluation, positions: np.ndarray
) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """Each position with (caption, picture) of what spoke for the called and for the true class."""
    card, names = labelled.opened.card, labelled.class_names
    for start in range(0, len(positions), _AT_ONCE):
        part = [int(p) for p in positions[start : start + _AT_ONCE]]
        if not card.heatmap_layer:
            yield from ((p, []) for p in part)
            continue
        wanted = [
            (p, target)
            for p in part
            for target in dict.fromkeys((int(found.predicted[p]), int(found.labels[p])))
        ]
        maps = ask(
            "gallery_heatmaps",
            waiting=_("What spoke for each answer …"),
            model=labelled.opened.reference,
            images=[labelled.reference(int(found.indices[p])) for p, _target in wanted],
            targets=[target for _p, target in wanted],
        )["maps"]
        of_image: dict[int, list[tuple[int, np.ndarray]]] = {}
        for (p, target), heat in zip(wanted, maps, strict=True):
            of_image.setdefault(p, []).append((target, heat))
        for p, heats in of_image.items():
            photo = _small(open_image(labelled.reference(int(found.indices[p]))).image)
            largest = max(float(heat.max()) for _target, heat in heats)  # so that the two compare
            yield (
                p,
                [
                    (
                        _caption(heat, names[target]),
                        _overlay(photo, heat, card, largest),
                    )
                    for target, heat in heats
                ],
            )


def _caption(heat: np.ndarray, name: str) -> str:
    if heat.max() > 0:
        return _("what spoke for “{name}”").format(name=name)
    return _("nothing spoke for “{name}”").format(name=name)


def _overlay(photo: np.ndarray, heat: np.ndarray, card: object, largest: float) -> bytes:
    placed = images.place_back(heat, photo.shape, card.input_shape[:2], card.fit)
    drawn = overlays.overlay(photo, placed, largest=largest, smallest_side=112).image
    return _jpeg(drawn)


def _file(image: np.ndarray) -> bytes:
    """Small images exactly, as they are; larger ones as JPEG of at most 160 pixels a side."""
    if max(image.shape[:2]) <= _EXACT:
        return images.encode_png(np.ascontiguousarray(image))
    return _jpeg(_small(image))


def _small(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    scale = min(1.0, _LARGEST / max(height, width))
    if scale == 1.0:
        return np.ascontiguousarray(image)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return images.resize(np.ascontiguousarray(image), size)


def _jpeg(image: np.ndarray) -> bytes:
    colour = image if image.shape[-1] == 3 else image.repeat(3, axis=-1)
    kept = cv2.imencode(".jpg", colour[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])[1]
    return kept.tobytes()
