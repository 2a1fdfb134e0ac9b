"""Any picture a person may have becomes the right pixels, and fits what a network receives."""

from __future__ import annotations

import contextlib
import io
import math
import threading
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from cnnviz.errors import BadImage, BadInput
from cnnviz.texts import N_

if TYPE_CHECKING:
    from cnnviz.models.cards import Card

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 100_000_000
MAX_SIDE = 4096  # larger photos are reduced: no network here looks at more
MAX_SCANS = 500  # of a progressive JPEG; each is a pass over all pixels, cameras write about ten
_IS_LARGE = 16_000_000  # pixels; one at the limit above takes a gigabyte while it is decoded
_LARGE = threading.BoundedSemaphore(2)  # so many such images at once, whoever sends them
_MOST_PADDED = 2**26  # pixels of a photo with its borders
_LONGEST_PADDED = 32_767  # pixels; OpenCV's own counting ends there
FITS = ("stretch", "crop", "pad")
_DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_GREY = ("1", "L", "LA", "La")
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # TIFF tags

_DAMAGED = N_("This image file is damaged. Save it again, or choose another.")
_TOO_LARGE = N_(
    "This image has more than 100 megapixels. Make it smaller first, then open it again."
)


@dataclass(frozen=True)
class Step:
    """One step from a photo to a digit: its name, and (h, w, 1) uint8."""

    name: str
    image: np.ndarray


def decode(data: bytes) -> np.ndarray:
    """Decode a PNG, JPEG, WebP, GIF, BMP or TIFF file (HEIC where pillow-heif is installed).

    Rotation noted by a camera is applied, transparency is put on white, 16-bit grey is scaled, of
    an animation the first frame is taken. Sides above 4,096 pixels are reduced.

    Returns:
        (h, w, 1) for grey and (h, w, 3) for colour images, uint8.

    Raises:
        BadImage: not an image, an unknown format, damaged, empty, or above 100 megapixels.
    """
    if not data:
        raise BadImage("This file is empty. Choose another one.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what is checked here
        try:
            picture = Image.open(io.BytesIO(data), formats=(*FORMATS, *_heif()))
            _check_size(picture, data)
            with _LARGE if picture.width * picture.height > _IS_LARGE else contextlib.nullcontext():
                return _pixels(picture)
        except BadImage:
            raise
        except UnidentifiedImageError:
            raise BadImage(
                "This file is not an image that can be shown here. Use PNG, JPEG, WebP, GIF, BMP "
                "or TIFF."
            ) from None
        except Image.DecompressionBombError:
            raise BadImage(_TOO_LARGE) from None
        except Exception:
            # Decoders raise almost anything on damaged files: OSError, SyntaxError, struct.error …
            raise BadImage(_DAMAGED) from None


@cache
def _heif() -> tuple[str, ...]:
    try:
        import pillow_heif
    except ImportError:
        return ()
    pillow_heif.register_heif_opener()
    return ("HEIF",)


def _check_size(picture: Image.Image, data: bytes) -> None:
    """Refuse by the header, before anything is decoded."""
    width, height = picture.size
    tags = getattr(picture, "tag_v2", {})
    sides = [tags.get(tag, 0) for tag in (_TILE_WIDTH, _TILE_LENGTH)]
    if not all(isinstance(side, int) for side in sides):  # a text times a number is a long text
        raise BadImage(_DAMAGED)
    if max(width * height, sides[0] * sides[1]) > MAX_PIXELS:
        raise BadImage(_TOO_LARGE)
    if isinstance(picture, JpegImageFile) and data.count(b"\xff\xda") > MAX_SCANS:
        raise BadImage(_DAMAGED)


def _pixels(picture: Image.Image) -> np.ndarray:
    width, height = picture.size
    if isinstance(picture, JpegImageFile) and max(width, height) > MAX_SIDE:
        # The decoder halves while decoding: a 48-megapixel photo takes a quarter of the memory.
        factor = 2 ** math.ceil(math.log2(max(width, height) / MAX_SIDE))
        picture.draft(None, (max(1, width // factor), max(1, height // factor)))
    picture.load()
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode in _DEEP:
        return _deep_grey(_reduced(_array(picture)))
    mode = "L" if picture.mode in _GREY else "RGB"
    if not picture.has_transparency_data:
        return _reduced(_array(picture if picture.mode == mode else picture.convert(mode)))
    layer = picture.convert("RGBA")
    layer.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    return _array(Image.alpha_composite(white, layer).convert(mode))


def _array(picture: Image.Image) -> np.ndarray:
    pixels = np.array(picture)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _deep_grey(values: np.ndarray) -> np.ndarray:
    """16-bit, 32-bit and float grey to 0–255; Pillow's own conversion would cut it off at 255.

    16-bit values always mean 0–65535. The wider kinds have no agreed white: the smallest of 1,
    255 and 65535 that holds all values is taken, and anything else is stretched from its lowest to
    its highest value.
    """
    low, high = 0.0, 65535.0
    if values.dtype != np.uint16:
        values = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
        low, high = float(values.min()), float(values.max())
        if low >= 0 and high <= 65535:
            low, high = 0.0, next(white for white in (1.0, 255.0, 65535.0) if high <= white)
        high = max(high, low + 1e-6 * max(1.0, abs(low)))
    scaled = (values.astype(np.float32) - low) * (255.0 / (high - low))
    return np.clip(np.round(scaled), 0, 255).astype(np.uint8)


def _reduced(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    if max(height, width) <= MAX_SIDE:
        return pixels
    scale = MAX_SIDE / max(height, width)
    if pixels.dtype == np.int32:
        pixels = pixels.astype(np.float32)  # OpenCV does not average integers of 32 bits
    return resize(pixels, (max(1, round(height * scale)), max(1, round(width * scale))))


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w, c) to ``size`` (h, w): area averages along a side that shrinks, bilinear between the
    pixels' centres along one that grows."""
    height, width = size
    smaller = (min(height, image.shape[0]), min(width, image.shape[1]))
    for (h, w), how in ((smaller, cv2.INTER_AREA), (size, cv2.INTER_LINEAR)):
        if image.shape[:2] != (h, w):
            image = cv2.resize(image, (w, h), interpolation=how).reshape(h, w, image.shape[2])
    return image


def _channels(image: np.ndarray, channels: int) -> np.ndarray:
    if image.shape[2] == channels:
        return image
    if channels == 1:
        return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
    return np.repeat(image, 3, axis=2)


def _box(shape: tuple[int, ...], size: tuple[int, int], how: str) -> tuple[int, int, int, int]:
    """Where the network's input lies on the photo: (top, left, height, width) in photo pixels.

    For ``pad`` it is larger than the photo, and top or left negative.
    """
    if how not in FITS:
        raise BadInput(
            "Images are fitted by {known}, not “{how}”.", known=", ".join(FITS), how=str(how)[:40]
        )
    height, width = shape[:2]
    if how == "stretch":
        return 0, 0, height, width
    ratio = size[1] / size[0]
    fill = min if how == "crop" else max
    box_height = max(1, round(fill(height, width / ratio)))
    box_width = max(1, round(fill(width, height * ratio)))
    if box_height * box_width > _MOST_PADDED or max(box_height, box_width) > _LONGEST_PADDED:
        raise BadInput(
            "This network takes images of {width} × {height} pixels: too narrow for a photo to be "
            "padded to these proportions. Choose to stretch or to crop it instead.",
            width=size[1],
            height=size[0],
        )
    return (height - box_height) // 2, (width - box_width) // 2, box_height, box_width


def check_fit(size: tuple[int, int], how: str) -> None:
    """Raise BadInput where photos cannot be brought to ``size`` (h, w) in this way."""
    _box((1024, 1024), size, how)


def fit(
    image: np.ndarray, size: tuple[int, int], channels: int, how: str = "stretch"
) -> np.ndarray:
    """Bring an image (h, w, 1 or 3) uint8 to a network's input.

    Args:
        size: (h, w) in pixels.
        channels: 1 or 3.
        how: ``stretch`` changes the proportions, ``crop`` takes the middle, ``pad`` adds black.

    Returns:
        (h, w, channels) uint8.
    """
    top, left, height, width = _box(image.shape, size, how)
    image = _channels(image, channels)
    if how == "pad":
        padded = np.zeros((height, width, channels), np.uint8)
        padded[-top : image.shape[0] - top, -left : image.shape[1] - left] = image
        image = padded
    else:
        image = image[top : top + height, left : left + width]
    return np.ascontiguousarray(resize(image, size))


def fit_digit(image: np.ndarray, size: tuple[int, int] = (28, 28)) -> list[Step]:
    """Bring a drawing or photo of one sign to light on black, cropped and centred as MNIST was.

    The sign's longer side becomes 20/28 of ``size``, its centre of mass the middle (LeCun et al.,
    1998). The last step is what the network receives.

    Raises:
        BadImage: nothing is drawn.
    """
    grey = _channels(image, 1)
    steps = [Step(N_("in grey"), grey)]
    if _light_ground(grey):
        grey = 255 - grey
        steps.append(Step(N_("inverted: light on black"), grey))
    border = _border(grey)
    low = float(np.median(border))  # the shade of the background
    values = grey[..., 0].astype(np.float32)
    high = float(values.max())
    if high - low < 32:
        raise BadImage("Nothing is drawn here: the image is almost one single shade.")
    # The grain of photographed paper becomes black too; a drawing's background has none.
    grain = 1.5 * float(np.percentile(np.abs(border - low), 90))
    low += min(grain, (high - low) / 3)
    values = np.clip((values - low) / (high - low), 0, 1)
    ink = values > 0.25
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    cropped = values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    steps.append(Step(N_("cropped to the sign"), _grey8(cropped)))
    side = min(size) * 20 / 28
    scale = side / max(cropped.shape)
    target = (max(1, round(cropped.shape[0] * scale)), max(1, round(cropped.shape[1] * scale)))
    small = resize(cropped[..., None], target)[..., 0]
    small *= 255 / small.max()  # a thin pen would have faded with the shrinking
    weights = small / small.sum()
    centre_y = float((weights.sum(1) * np.arange(target[0])).sum())
    centre_x = float((weights.sum(0) * np.arange(target[1])).sum())
    # Of MNIST's own images the centre of mass lies between pixels 13.5 and 14.5, counted from 0.
    shift = np.float32(
        [[1, 0, round(size[1] / 2 - centre_x)], [0, 1, round(size[0] / 2 - centre_y)]]
    )
    centred = cv2.warpAffine(small, shift, (size[1], size[0]), flags=cv2.INTER_NEAREST)
    steps.append(Step(N_("shrunk and centred"), np.round(centred).astype(np.uint8)[..., None]))
    return steps


def _border(grey: np.ndarray) -> np.ndarray:
    """The outermost pixels of (h, w, 1), float32."""
    sides = [grey[0, :, 0], grey[-1, :, 0], grey[:, 0, 0], grey[:, -1, 0]]
    return np.concatenate(sides).astype(np.float32)


def _light_ground(grey: np.ndarray) -> bool:
    return bool(np.median(_border(grey)) > 127)


def _grey8(values: np.ndarray) -> np.ndarray:
    return np.round(values * 255).astype(np.uint8)[..., None]


def is_ready(image: np.ndarray, card: Card) -> bool:
    """Whether an image has the network's exact size and channels, and for digits a dark ground.

    No image of MNIST or Fashion-MNIST has a light ground, so those are always ready.
    """
    if image.shape != tuple(card.input_shape):
        return False
    return card.polarity != "light_on_dark" or not _light_ground(_channels(image, 1))


def prepare(image: np.ndarray, card: Card) -> np.ndarray:
    """The image as the network receives it, (h, w, c) uint8, by its card.

    An image that is received as it is (:func:`is_ready`) is returned itself.
    """
    height, width, channels = card.input_shape
    if is_ready(image, card):
        return image
    if card.polarity == "light_on_dark":
        return fit(fit_digit(image, (height, width))[-1].image, (height, width), channels)
    return fit(image, (height, width), channels, card.fit)


def place_back(
    heat: np.ndarray, image_shape: tuple[int, ...], input_size: tuple[int, int], how: str
) -> np.ndarray:
    """Put a heatmap back onto the photo it explains: the inverse of :func:`fit`.

    Args:
        heat: (h, w) float32 at any resolution, covering the network's input.
        image_shape: (H, W, …) of the photo.
        input_size: (h, w) of the network's input.
        how: how the photo was fitted.

    Returns:
        (H, W) float32, enlarged bilinearly between the centres of the cells (half-pixel correct);
        NaN where the network did not see the photo.
    """
    height, width = image_shape[:2]
    top, left, box_height, box_width = _box(image_shape, input_size, how)
    spread = resize(heat.astype(np.float32)[..., None], (box_height, box_width))[..., 0]
    if how == "pad":
        return np.ascontiguousarray(spread[-top : height - top, -left : width - left])
    placed = np.full((height, width), np.nan, np.float32)
    placed[top : top + box_height, left : left + box_width] = spread
    return placed


def encode_png(image: np.ndarray, enlarge: int = 1) -> bytes:
    """A PNG of (h, w) or (h, w, 1, 3 or 4) uint8; each pixel as ``enlarge``² equal ones."""
    if enlarge > 1:
        image = np.repeat(np.repeat(image, enlarge, axis=0), enlarge, axis=1)
    if image.ndim == 3 and image.shape[2] >= 3:
        image = image[..., [2, 1, 0, 3][: image.shape[2]]]
    done, data = cv2.imencode(".png", np.ascontiguousarray(image))
    if not done:
        raise ValueError(f"cannot encode an array of shape {image.shape}")
    return data.tobytes()
