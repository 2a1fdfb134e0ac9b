"""The list of what a person has brought and made: how much room it takes, open it, delete it."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import streamlit as st

from cnnviz import belongings, images, quotas, uploads
from cnnviz.belongings import NOTE, Thing
from cnnviz.compute import defaults
from cnnviz.datasets.imported import delete_imported
from cnnviz.errors import CnnvizError
from cnnviz.figures.disk import room_bars
from cnnviz.figures.png import data_url
from cnnviz.models import store
from cnnviz.models.references import ModelReference
from cnnviz.runs.run import Run, delete_run
from cnnviz.spreadsheet import harmless
from cnnviz.ui import address, run_words, sentences
from cnnviz.ui.ago import ago
from cnnviz.ui.language import _, n_
from cnnviz.ui.owner import current_owner
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain

MOST = 300  # rows
_PICTURE = 48  # pixels
_BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_FAILED = "_things-failed"
_PLACES = {"image": "image", "model": "model", "run": "runs", "dataset": "data"}
_PAGES = {"image": "heatmaps", "model": "architecture", "run": "runs", "dataset": "data"}


def room(things: list[Thing]) -> None:
    """How much is taken, of how much, by what."""
    owner = current_owner()
    used, limit = sum(thing.size for thing in things), quotas.limit_bytes(owner)
    taken = quotas.megabytes(used)
    if limit is not None:
        share = _("**{used}** of {limit} taken").format(used=taken, limit=quotas.megabytes(limit))
    else:
        share = _("**{used}** taken").format(used=taken)
    st.markdown(f"#### {share}")
    sizes = {
        _(name): [float(sum(t.size for t in things if t.kind == kind))]
        for kind, name in belongings.KINDS.items()
    }
    figure = room_bars(
        [""],
        sizes,
        [""],
        limit=limit,
        limit_words=_("{size} for each person").format(size=quotas.megabytes(limit or 0)),
        dark=is_dark(),
    )
    chart(figure, key="own-room", alt=_("The room that your things take, by kind"))


def table(things: list[Thing]) -> None:
    """One row a thing, the largest first; ticked ones can be opened or deleted."""
    listed = sorted((t for t in things if t.identifier != NOTE), key=lambda t: -t.size)
    shown = listed[:MOST]
    rows = {
        " ": [_picture(thing.identifier) if thing.kind == "image" else _BLANK for thing in shown],
        _("what"): [harmless(title_of(thing)) for thing in shown],
        _("kind"): [_(belongings.KINDS[thing.kind]) for thing in shown],
        _("MB"): [round(thing.size / 1e6, 2) for thing in shown],
        _("used"): [ago(thing.used) for thing in shown],
    }
    # Streamlit remembers ticks by position: other rows are another table
    names = ",".join(thing.identifier for thing in shown)
    key = "own-things-" + hashlib.sha256(names.encode()).hexdigest()[:8]
    picked = st.dataframe(
        rows,
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            " ": st.column_config.ImageColumn(width=56),
            _("what"): st.column_config.TextColumn(width="large"),
        },
        alt=_("Your things, one a row"),
    )
    if len(listed) > MOST:
        st.caption(_("The largest {most} are listed.").format(most=MOST))
    actions([shown[row] for row in picked.selection.rows if row < len(shown)])


def actions(chosen: list[Thing]) -> None:
    """What can be done with the ticked ones."""
    for sentence in st.session_state.pop(_FAILED, []):
        st.warning(sentence)
    if not chosen:
        st.caption(_("Tick what you want to open or delete."))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(chosen) == 1 and chosen[0].kind in _PLACES:
            st.button(
                _("Open"),
                key="open-thing",
                type="primary",
                icon=":material/visibility:",
                on_click=_choose,
                args=(chosen[0],),
            )
            if st.session_state.pop("_open-thing", None) == chosen[0].identifier:
                st.switch_page(f"pages/{_PAGES[chosen[0].kind]}.py")
        size = quotas.megabytes(sum(thing.size for thing in chosen))
        label = n_("Delete {count} thing", "Delete {count} things", len(chosen))
        with st.popover(f"{label} ({size})", icon=":material/delete:", key="delete-things"):
            st.markdown(
                _(
                    "They go for good. A link to a deleted image or model stops working; models "
                    "that you made of a training stay, and so do models trained on a data set."
                )
            )
            st.markdown("\n".join(f"- {plain(title_of(t))}" for t in chosen[:20]))
            st.button(
                _("Yes, delete them"),
                key="sure-delete-things",
                type="primary",
                on_click=_delete,
                args=(chosen,),
            )


def title_of(thing: Thing) -> str:
    """What to call it; text that may have been typed, not escaped."""
    try:
        if thing.kind == "model":
            return _(ModelReference.parse(f"model:{thing.identifier}").card.title)
        if thing.kind == "run":
            return run_words.title_of(Run(thing.identifier))
    except CnnvizError:
        return thing.identifier[:8]
    return thing.title or _("Image")


def _choose(thing: Thing) -> None:
    prefix = {"run": "", "image": "upload:", "dataset": "upload:"}.get(thing.kind, "model:")
    address.choose(_PLACES[thing.kind], f"{prefix}{thing.identifier}")
    st.session_state["_open-thing"] = thing.identifier


def _delete(chosen: list[Thing]) -> None:
    owner, failed = current_owner(), []
    for thing in chosen:
        reference = f"{thing.kind}:{thing.identifier}"
        try:
            if thing.kind == "model":
                store.delete_model(reference, owner)
            elif thing.kind == "run":
                delete_run(thing.identifier, owner)
            elif thing.kind == "dataset":
                delete_imported(thing.identifier, owner)
            else:
                uploads.delete(thing.identifier, owner)
        except CnnvizError as error:
            failed.append(sentences.in_words(error))
            continue
        if address.value("model", defaults.MODEL).startswith(reference):
            address.choose("model", None)
        for name in ("image", "data", "runs", "run"):
            if thing.identifier in (address.chosen(name) or ""):
                address.choose(name, None)
    st.session_state[_FAILED] = failed


@lru_cache(maxsize=512)
def _picture(identifier: str) -> str:
    """An image, small, as an address that holds it; looking at the list is no use of it."""
    try:
        pixels = uploads.load_image(identifier, use=False)
    except (CnnvizError, OSError):
        return _BLANK
    scale = _PICTURE / max(pixels.shape[:2])
    size = tuple(max(1, round(side * scale)) for side in pixels.shape[:2])
    return data_url(images.encode_png(images.resize(pixels, size)))
