"""The image box: a sample, a drawing, the clipboard, a file or the camera becomes the image."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cnnviz import images, uploads
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.image_references import PHOTOS, open_image
from cnnviz.errors import CnnvizError
from cnnviz.figures.tiles import image_sprite
from cnnviz.models.cards import Card
from cnnviz.ui import address, sentences
from cnnviz.ui.bounds import forget
from cnnviz.ui.components.draw import draw
from cnnviz.ui.components.grid import grid
from cnnviz.ui.components.paste import paste
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _
from cnnviz.ui.owner import current_owner

_WAYS = ("sample", "draw", "paste", "upload", "camera")
_FILE_TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif"]
SAMPLES_PER_SET = 24


def open_dialog(opened: Opened) -> None:
    """Open the box over the page; choosing an image closes it."""

    @st.dialog(_("Choose an image"), width="large")
    def box() -> None:
        names = {
            "sample": _("Sample"),
            "draw": _("Draw"),
            "paste": _("Paste"),
            "upload": _("Upload"),
            "camera": _("Camera"),
        }
        way = st.segmented_control(
            _("Where from"),
            _WAYS,
            default="sample",
            format_func=names.__getitem__,
            key="image-way",
            label_visibility="collapsed",
        )
        {
            "sample": _sample,
            "draw": _draw,
            "paste": _paste,
            "upload": _upload,
            "camera": _camera,
        }[way or "sample"](opened)

    box()


def _use(reference: str) -> None:
    address.choose("image", reference)
    st.rerun()


def _keep(data: bytes, file: UploadedFile | None = None) -> None:
    """Decode a stranger's bytes, keep the pixels, and make them the image; or say why not.

    ``file`` is what the bytes came in; it is let go once they are kept.
    """
    try:
        identifier = uploads.save_image(data, current_owner())
    except CnnvizError as error:
        sentences.show(error)
        return
    if file is not None:
        forget(file)
    _use(f"upload:{identifier}")


def sample_references(opened: Opened) -> list[str]:
    """Images that suit the model first: of its own data set, else the photos."""
    card = opened.card
    photos = [f"photo:{name}" for name in PHOTOS]
    if card.dataset in DATASETS:
        own = [f"data:{card.dataset}/test/{i}" for i in range(SAMPLES_PER_SET)]
        return own + photos
    others = [f"data:{d.name}/test/{i}" for d in DATASETS.values() if not d.base for i in range(6)]
    return photos + others


def _sample(opened: Opened) -> None:
    references = sample_references(opened)
    pictures = [open_image(r) for r in references]
    tiles = np.stack([images.fit(p.image, (96, 96), 3, "crop") for p in pictures])
    captions = [_(p.label) if p.label else _(p.title) for p in pictures]
    clicked = grid(
        image_sprite(tiles), key="image-samples", captions=captions, label=_("Sample images")
    )
    if clicked is not None:
        _use(references[clicked])


def _draw(opened: Opened) -> None:
    st.markdown(
        _(
            "Draw with the mouse, a pen or a finger. A network for digits then gets it white on "
            "black, cropped and centred."
        )
    )
    data = draw(
        key="image-draw",
        live=False,
        use=_("Use this drawing"),
        undo=_("Undo"),
        clear=_("Clear"),
        label=_("A sheet to draw on"),
    )
    if data:
        _keep(data)


def _paste(opened: Opened) -> None:
    data = paste(
        key="image-paste",
        hint=_("Copy an image anywhere, click here, and press Ctrl+V (⌘V on a Mac)."),
        button=_("Paste"),
        no_image=_("There is no image in the clipboard."),
    )
    if data:
        _keep(data)


def _upload(opened: Opened) -> None:
    file = st.file_uploader(
        _("A photo or picture: PNG, JPEG, WebP, GIF, BMP, TIFF or HEIC"),
        type=_FILE_TYPES,
        key="image-upload",
    )
    if file is not None:
        _keep(file.getvalue(), file)


def _camera(opened: Opened) -> None:
    url = st.context.url or ""
    if not url.startswith(("https://", "http://localhost", "http://127.0.0.1", "http://[::1]")):
        st.info(
            _(
                "Browsers give the camera only to pages opened over HTTPS or on this computer. "
                "This page came over plain HTTP from another machine. Take the photo with your "
                "phone or computer and upload it instead."
            )
        )
        return
    shot = st.camera_input(_("Take a photo"), key="image-camera")
    if shot is not None:
        _keep(shot.getvalue(), shot)


def steps_of(image: np.ndarray, card: Card) -> list[images.Step]:
    """How a drawing became what a network for digits receives; empty where nothing was done."""
    if card.polarity != "light_on_dark" or images.is_ready(image, card):
        return []
    return images.fit_digit(image, card.input_shape[:2])
