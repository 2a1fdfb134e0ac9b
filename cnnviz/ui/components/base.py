"""What the browser components share: registration, images on their way to the browser."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit import runtime
from streamlit.components.v2.types import ComponentRenderer

from cnnviz.errors import BadInput
from cnnviz.figures.atlas import Atlas
from cnnviz.figures.png import data_url
from cnnviz.figures.tiles import Sprite

_FOLDER = Path(__file__).parent
# Larger images go by an address of their own, which the browser keeps between reruns; smaller ones
# are not worth a request.
_INLINE_BYTES = 16_384
_KINDS = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"RIFF", "image/webp"))


def register(name: str, *helpers: str) -> ComponentRenderer:
    """The component whose script and style lie beside this file as ``<name>.js`` and ``.css``.

    ``helpers`` are further scripts, for what several components share.
    """
    script, style = (
        "\n".join((_FOLDER / f"{part}{ending}").read_text("utf-8") for part in parts)
        for ending, parts in ((".js", ("common", *helpers, name)), (".css", ("common", name)))
    )
    return st.components.v2.component(
        f"cnnviz_{name}", html='<div class="root"></div>', js=script, css=style
    )


def ignore() -> None:
    """A callback that does nothing: with one, a result always has the attribute of its event."""


def picture(data: bytes, key: str) -> str:
    """An address at which the browser finds the image; ``key`` is unique on the page."""
    kind = next((kind for start, kind in _KINDS if data.startswith(start)), "image/png")
    if len(data) <= _INLINE_BYTES or not runtime.exists():
        return data_url(data, kind)
    return address_of(runtime.get_instance().media_file_mgr.add(data, kind, key))


def address_of(path: str) -> str:
    """Where the browser finds a path of this server, which may be one folder of a larger site."""
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}{path}" if base else path


def sprite_data(sprite: Sprite | Atlas, key: str) -> dict:
    """A sprite as the scripts take it; of an atlas of several sheets also all of those."""
    geometry = sprite.geometry
    data = {
        "src": picture(sprite.data, key),
        "columns": geometry.columns,
        "width": geometry.width,
        "height": geometry.height,
    }
    if isinstance(sprite, Atlas) and len(sprite.sheets) > 1:
        data["perSheet"] = geometry.count
        data["sheets"] = [
            {"src": picture(s.data, f"{key}.{i}" if i else key), "columns": s.geometry.columns}
            for i, s in enumerate(sprite.sheets)
        ]
    return data


def packed(values: np.ndarray, kind: type[np.generic]) -> str:
    """An array as base64 of its little-endian bytes, a third larger than the bytes themselves."""
    array = np.ascontiguousarray(values, np.dtype(kind).newbyteorder("<"))
    return base64.b64encode(array.tobytes()).decode("ascii")


def unpacked_image(address: str | None, largest: int = 16 * 2**20) -> bytes | None:
    """The bytes of a ``data:image/…;base64,`` address that a browser sent; raises BadInput.

    The content is not looked at here: decode it as carefully as any upload.
    """
    if not address:
        return None
    head, _, body = str(address)[: largest * 4 // 3 + 64].partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        raise BadInput("The browser did not send an image.")
    try:
        data = base64.b64decode(body, validate=True)
    except binascii.Error:
        raise BadInput("The browser did not send an image.") from None
    if len(data) > largest:
        raise BadInput("The browser did not send an image.")
    return data
