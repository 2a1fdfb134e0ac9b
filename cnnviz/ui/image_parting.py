"""The layer at which a class and the one it was taken for part: a chart, and words for it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cnnviz.evaluation.parting import CLEAR, Course, course, reliable_from
from cnnviz.figures.parting import parting as parting_figure
from cnnviz.ui.answer_later import when_answered
from cnnviz.ui.image_subject import Subject
from cnnviz.ui.language import _, n_, percent
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain

_RELIABLE = 0.9


def parting(subject: Subject) -> None:
    """How the layers see the image. Draw it only when it is opened: the first time, the network
    looks at a few hundred training images."""
    when_answered(
        lambda answer: _draw(subject, answer),
        "parting",
        key="parting",
        at_once="known_parting",
        waiting=_("The layers are asked about training images of both classes …"),
        index=subject.index,
        **subject.labelled.asked,
    )


@dataclass(frozen=True)
class Told:
    """What there is to say, layer by layer: ``layers`` with the answer itself as the last."""

    layers: list[str]
    leanings: list[float]
    accuracies: list[float]
    names: tuple[str, str]  # of the true class and the other one, for Markdown

    def name(self, side: int) -> str:
        return self.names[0] if side > 0 else self.names[1]


def image_in_words(told: Told) -> str:
    """Up to which layer the image looks like one class, and from which on like the other."""
    found = course(told.leanings)
    said = _course_in_words(told, found)
    if found.unsure:
        return (
            said
            + " "
            + n_(
                "{count} of these layers leans clearly to neither.",
                "{count} of these layers lean clearly to neither.",
                found.unsure,
            )
        )
    return said


def _course_in_words(told: Told, found: Course) -> str:
    if found.kind == "unclear":
        return _(
            "At no layer does this image lean clearly to “{first}” or to “{second}”: it lies "
            "between the two."
        ).format(first=told.names[0], second=told.names[1])
    name, last = told.name(found.side), len(told.layers) - 1
    layer = told.layers[found.start]
    if found.kind == "steady":
        return _("From the first layer on it looks like “{name}”.").format(name=name)
    if found.kind == "late":
        if found.start == last:
            return _(
                "No layer leans clearly to either class; only the answer itself says “{name}”."
            ).format(name=name)
        return _(
            "The first layers cannot tell which of the two it is; from **{layer}** on it looks "
            "like “{name}”."
        ).format(layer=layer, name=name)
    other, before = told.name(-found.side), told.layers[found.before]
    if found.start == last:
        return _(
            "Up to **{before}** it looks like “{other}”; only the answer itself says “{name}”."
        ).format(before=before, other=other, name=name)
    if found.kind == "turns":
        return _(
            "Up to **{before}** it looks like “{other}”; from **{layer}** on like “{name}”."
        ).format(before=before, other=other, layer=layer, name=name)
    return _(
        "The layers change their mind several times; from **{layer}** on it looks like “{name}”."
    ).format(layer=layer, name=name)


def layers_in_words(told: Told) -> str:
    """From which layer on the two classes can be told apart at all."""
    start = reliable_from(told.accuracies, _RELIABLE)
    if start is None:
        best = max(told.accuracies)
        return _(
            "No layer parts the two classes reliably: the best tells {share} of their training "
            "images right."
        ).format(share=percent(best))
    if start == 0:
        return _("Every layer tells {share} or more of their training images right.").format(
            share=percent(_RELIABLE)
        )
    if start == len(told.layers) - 1:
        return _("Only the answer tells {share} or more of their training images right.").format(
            share=percent(_RELIABLE)
        )
    return _(
        "From **{layer}** on, {share} or more of their training images are told right."
    ).format(layer=told.layers[start], share=percent(_RELIABLE))


def told_of(subject: Subject, answer: dict) -> Told:
    """An answer of ``parting``, with the network's own answer as the last layer."""
    return Told(
        [plain(name) for name in answer["layers"]] + [_("the answer")],
        [*map(float, answer["leaning"]), answer["answer_leaning"]],
        [*map(float, answer["accuracy"]), answer["answer_accuracy"]],
        (subject.shown(answer["true_class"]), subject.shown(answer["rival_class"])),
    )


def _draw(subject: Subject, answer: dict) -> None:
    told = told_of(subject, answer)
    st.markdown(image_in_words(told) + " " + layers_in_words(told))
    classes = answer["true_class"], answer["rival_class"]
    found = course(told.leanings)
    chart(
        parting_figure(
            [*answer["layers"], _("the answer")],
            told.leanings,
            told.accuracies,
            classes,
            tuple(subject.name(number) for number in classes),
            clear=CLEAR,
            titles=(_("Where this image leans"), _("How often a layer tells the two apart")),
            hovers=(_("leaning %{y:.2f}"), _("%{y:.0%} told right")),
            mark=found.start if found.kind in ("late", "turns", "wavers") else None,
            dark=is_dark(),
        ),
        key="parting-chart",
        alt=image_in_words(told),
    )
    st.caption(
        _(
            "At each layer a linear probe (Alain and Bengio, arXiv 1610.01644; here Fisher's "
            "discriminant with shrunk covariance) learns to tell {first} from {second} training "
            "images by the mean of each channel; where in the image something is, it does not "
            "see. How often it is right is measured on images it did not learn from. But the "
            "network itself has learnt from all of them, so late layers look a little better than "
            "they are. In the grey band the image leans to neither."
        ).format(
            first=f"{answer['counts'][0]:,} “{told.names[0]}”",
            second=f"{answer['counts'][1]:,} “{told.names[1]}”",
        )
    )
