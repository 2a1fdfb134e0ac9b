"""Build a network of one's own: the chain of blocks, in the address, traced at every change."""

from __future__ import annotations

import streamlit as st

from cnnviz.errors import BadInput, CnnvizError
from cnnviz.models.architectures import get_architecture
from cnnviz.models.block_shapes import Step, trace
from cnnviz.models.blocks import (
    KINDS,
    MAX_BLOCKS,
    MAX_TEXT,
    PRESETS,
    Block,
    canonical,
    parse,
    write,
)
from cnnviz.models.parameters import Parameter
from cnnviz.ui import address
from cnnviz.ui.components.chain import Choice, Field, Link, chain
from cnnviz.ui.language import _
from cnnviz.ui.sentences import in_words
from cnnviz.ui.training_address import ReadableParameter, parameter_name

NAME = parameter_name("blocks")
_PARAMETER = get_architecture("own").parameters[0]
_USUAL = str(_PARAMETER.default)
_UNDO, _SERIAL, _TEXT, _WRONG = "own-undo", "own-serial", "own-text", "own-wrong"
_MOST_UNDONE = 50
_FAMILIES = {"conv": "conv", "separable": "conv", "residual": "conv", "pool": "pool",
             "average": "pool", "flatten": "dense", "dense": "dense"}  # fmt: skip


def draw(input_shape: tuple[int, int, int], classes: int) -> str | None:
    """Show the network, and let it be changed.

    Args:
        input_shape: (h, w, c) of the images.
        classes: how many kinds of images there are.

    Returns:
        Its blocks as text; None when there is no such network for these images, which is said.
    """
    text = _current()
    blocks = parse(text)
    steps = trace(blocks, input_shape, classes)
    problem = next((s.problem for s in steps if s.problem), None)
    total = sum(step.parameters for step in steps)
    chain(
        [_image(input_shape), *(_link(s, b, classes) for s, b in _with_before(steps, input_shape))],
        [_choice(kind.name) for kind in KINDS.values()],
        [(name, _(title)) for name, (title, _text) in PRESETS.items()],
        _words(),
        key="own-chain",
        on_change=_changed,
        summary="" if problem else _("{count} parameters in all").format(count=f"{total:,}"),
        problem=problem.sentence(_) if problem else "",
        serial=st.session_state.get(_SERIAL, 0),
        can_undo=bool(st.session_state.get(_UNDO)),
        full=len(blocks) >= MAX_BLOCKS,
    )
    _as_text(text)
    return None if problem else text


def _current() -> str:
    """The network of the address, whether or not it can be built for these images."""
    return canonical(address.value(NAME, _USUAL, ReadableParameter(_PARAMETER)))


def _with_before(
    steps: tuple[Step, ...], shape: tuple[int, ...]
) -> list[tuple[Step, tuple[int, ...] | None]]:
    """Each step with the shape before it."""
    return list(zip(steps, [shape, *(step.shape for step in steps)], strict=False))


def _image(shape: tuple[int, int, int]) -> Link:
    return Link("image", _("The image"), [_("image"), _shape(shape)], shape)


def _link(step: Step, before: tuple[int, ...] | None, classes: int) -> Link:
    block = step.block
    kind = KINDS[block.kind]
    fixed = step.index is None
    if fixed and block.kind == "dense":
        first, title = _("answer"), _("{count} classes").format(count=classes)
    else:
        first, title = block.text, _(kind.title)
    lines = [first]
    if step.shape is not None and step.shape != before:
        lines.append(_shape(step.shape))
    if step.parameters and step.shape is not None:
        lines.append(_("{count} par.").format(count=f"{step.parameters:,}"))
    facts = [f"{title}: {block.text}"]
    if step.shape is not None:
        facts.append(_shape(step.shape))
        facts.append(_("{count} parameters").format(count=f"{step.parameters:,}"))
    if fixed and block.kind == "flatten":
        facts.append(_("comes by itself before the first dense layer"))
    return Link(
        _FAMILIES.get(block.kind, "other"),
        " · ".join(facts),
        lines,
        step.shape,
        step.index,
        block.kind,
        dict(block.settings),
        broken=step.problem is not None,
    )


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(f"{side:,}" for side in shape)


def _choice(name: str) -> Choice:
    kind = KINDS[name]
    fields = [_field(f) for f in kind.fields]
    return Choice(name, _(kind.title), _(kind.story), fields, kind.needs_picture)


def _field(parameter: Parameter) -> Field:
    words = {
        "max": _("the largest"),
        "average": _("the average"),
        "same": _("keep the size"),
        "valid": _("only whole windows"),
        "relu": "ReLU",
        "gelu": "GELU",
        "leaky relu": "leaky ReLU",
    }
    return Field(
        parameter.name,
        _(parameter.title),
        parameter.default,
        [(choice, words.get(choice, choice)) for choice in parameter.choices],
        parameter.minimum or 0,
        parameter.maximum or 0,
        0.1 if isinstance(parameter.default, float) else 1,
    )


def _words() -> dict[str, str]:
    return {
        "chain": _("The network, from the image to the answer"),
        "start": _("Start from"),
        "add": _("Add after it"),
        "earlier": _("Earlier"),
        "later": _("Later"),
        "copy": _("Duplicate"),
        "remove": _("Take out"),
        "undo": _("Undo"),
        "less": _("less"),
        "more": _("more"),
        "half": _("half"),
        "twice": _("twice"),
        "flat": _("There is no picture any more at this place."),
        "keys": _(
            "Choose a block to change it. On the keyboard: the arrow keys walk along, with Shift "
            "they move the block, Delete takes it out, Ctrl+Z undoes."
        ),
    }


def _changed(done: dict) -> None:
    """What a person did in the chain; the browser is not believed."""
    serial = done.get("serial")
    if isinstance(serial, int):
        st.session_state[_SERIAL] = serial
    if done.get("what") == "undo":
        _undo()
    elif done.get("what") == "preset" and done.get("name") in PRESETS:
        _keep(PRESETS[done["name"]][1])
    elif done.get("what") == "blocks":
        try:
            made = [Block.make(b["kind"], b["settings"]) for b in done["blocks"][: MAX_BLOCKS + 1]]
            _keep(canonical(write(made)))
        except (CnnvizError, KeyError, TypeError):
            return  # nothing that the chain can send


def _keep(text: str) -> None:
    """Make it the network, and remember the one before."""
    before = _current()
    if text == before:
        return
    st.session_state[_UNDO] = [*st.session_state.get(_UNDO, []), before][-_MOST_UNDONE:]
    address.choose(NAME, None if text == _USUAL else text)


def _undo() -> None:
    earlier = st.session_state.get(_UNDO, [])
    if not earlier:
        return
    *st.session_state[_UNDO], text = earlier
    address.choose(NAME, None if text == _USUAL else text)


def _as_text(text: str) -> None:
    """The same network to copy, to paste, or to type."""
    with st.expander(_("The same as text")):
        wrong = st.session_state.pop(_WRONG, None)
        if not wrong:  # else what was typed stays, to be mended
            st.session_state[_TEXT] = text
        st.text_area(
            _("Blocks, parted by commas"),
            key=_TEXT,
            max_chars=MAX_TEXT,
            on_change=_typed,
            help=_("Two people who write the same have the same network."),
        )
        if wrong:
            st.error(in_words(wrong))
        known = [*(k.word for k in KINDS.values() if k.word), "relu", "gelu", "tanh"]
        st.caption(
            _("For example “conv 32 5x5 stride 2”. There are: {known}, …").format(
                known=", ".join(known)
            )
        )


def _typed() -> None:
    try:
        _keep(canonical(st.session_state[_TEXT]))
    except BadInput as error:
        st.session_state[_WRONG] = error
