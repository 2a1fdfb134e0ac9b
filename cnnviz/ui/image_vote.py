"""The vote about one image: its header in words, and bars with the true and the called class."""

from __future__ import annotations

from html import escape

import streamlit as st

from cnnviz.figures.charts import faint, muted
from cnnviz.figures.colours import accent
from cnnviz.ui.image_subject import Subject
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import is_dark
from cnnviz.ui.plain_text import plain
from cnnviz.ui.vote_words import share_in_words

_CLOSE, _FAR = 0.1, 0.5  # leads in share of the vote


def header(subject: Subject) -> str:
    """“sneaker”, called “ankle boot”; in Markdown."""
    if subject.right:
        return _("“{name}”, and recognised").format(name=subject.shown(subject.true))
    return _("“{true}”, called “{called}”").format(
        true=subject.shown(subject.true), called=subject.shown(subject.called)
    )


def in_words(subject: Subject) -> str:
    """How much both classes got, how far ahead the first was, and the data set's own name."""
    said = []
    for number, share in ((subject.called, subject.top[0][1]), _other(subject)):
        said.append(
            _("“{name}” got {share}.").format(
                name=subject.shown(number), share=share_in_words(subject.card, share, bold=True)
            )
        )
    said.append(margin(subject))
    if subject.own_name:
        said.append(
            _("The data set calls its class “{name}”.").format(name=plain(subject.own_name))
        )
    return " ".join(said)


def margin(subject: Subject) -> str:
    """How far the first class was ahead of the second."""
    lead = subject.top[0][1] - subject.top[1][1]
    second = subject.shown(subject.top[1][0])
    if lead < _CLOSE:
        return _("It was a close call: “{second}” was hardly behind.").format(second=second)
    if lead < _FAR:
        return _("It hesitated between this and “{second}”.").format(second=second)
    if subject.top[1][0] == _other(subject)[0]:  # its share has just been said
        return _("It did not hesitate.")
    return _("It did not hesitate: the next, “{second}”, was far behind.").format(second=second)


def bars(subject: Subject) -> None:
    """The largest shares, and the true class where it is not among them."""
    dark = is_dark()
    rows = list(subject.top)
    if all(number != subject.true for number, _share in rows):
        rows.append((subject.true, subject.true_share))
    st.html(
        '<div role="list" style="display:grid;gap:9px">'
        + "".join(_bar(subject, number, share, dark) for number, share in rows)
        + "</div>"
    )


def _other(subject: Subject) -> tuple[int, float]:
    if subject.right:
        return subject.rival, subject.rival_share
    return subject.true, subject.true_share


def _bar(subject: Subject, number: int, share: float, dark: bool) -> str:
    tags = []
    if number == subject.true:
        tags.append(("#4ac26b" if dark else "#1a7f37", _("✓ what it is")))
    if number == subject.called:
        tags.append((accent(dark), _("what it was called")))
    marks = "".join(
        f'<span style="color:{colour};font-size:.82em;white-space:nowrap;margin-left:.6em">'
        f"{escape(word)}</span>"
        for colour, word in tags
    )
    strong = "600" if tags else "400"
    colour = tags[0][0] if tags else faint(dark)
    return (
        '<div role="listitem" style="min-width:0">'
        '<div style="display:flex;justify-content:space-between;line-height:1.3">'
        f'<span style="font-weight:{strong};overflow-wrap:anywhere;min-width:0">'
        f"{escape(subject.name(number))}{marks}</span>"
        f'<span style="white-space:nowrap;padding-left:.6em;color:{muted(dark)}">'
        f"{escape(percent(share))}</span></div>"
        f'<div style="height:9px;border-radius:4px;background:{faint(dark)}55">'
        f'<div style="height:9px;border-radius:4px;background:{colour};'
        f'width:{100 * share:.2f}%"></div></div></div>'
    )
