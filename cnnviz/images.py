"""Any picture a person may have becomes the right pixels, and fits what a network receives."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cnnviz.errors import BadImage, BadInput
from cnnviz.texts import N_

if TYPE_CHECKING:
    from cnnviz.models.cards import Card

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 100_000_000
MAX_SIDE = 4096  # larger photos are reduced: no network here looks at more
FITS = ("stretch", "crop", "pad")
_16_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")


_DAMAGED = N_("This image file is damaged. Save it again, or choose another.")


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
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            picture = Image.open(io.BytesIO(data), formats=(*FORMATS, *_heif()))
        except UnidentifiedImageError:
            raise BadImage(
                "This file is not an image that can be shown here. Use PNG, JPEG, WebP, GIF, BMP "
                "or TIFF."
            ) from None
        except Exception:
            raise BadImage(
                "This image file is damaged. Save it again, or choose another."
            ) from None
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise BadImage(
                "This image has {width} × {height} pixels; up to 100 megapixels can be opened. "
                "Make it smaller first.",
                width=width,
                height=height,
            )
        try:
            return _pixels(picture)
        except BadImage:
            raise
        except Exception:
            # Decoders raise almost anything on damaged files: OSError, SyntaxError, struct.error …
            raise BadImage(
                "This image file is damaged. Save it again, or choose another."
            ) from None


def _heif() -> tuple[str, ...]:
    try:
        import pillow_heif
    except ImportError:
        return ()
    pillow_heif.register_heif_opener()
    return ("HEIF",)


def _pixels(picture: Image.Image) -> np.ndarray:
    if picture.format == "JPEG":
        # The decoder can halve a large photo while decoding: a 48-megapixel one fits in memory.
        picture.draft(None, (MAX_SIDE // 2, MAX_SIDE // 2))
    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in _16_BIT or picture.mode == "F":
        pixels = _deep_grey(np.asarray(picture))
    elif picture.mode in ("1", "L"):
        pixels = np.asarray(picture.convert("L"))
    elif picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        pixels = np.asarray(Image.alpha_composite(white, layer).convert("RGB"))
    else:
        pixels = np.asarray(picture.convert("RGB"))
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    return _reduced(np.ascontiguousarray(pixels))


def _deep_grey(values: np.ndarray) -> np.ndarray:
    """16-bit grey scaled from 0–65535; Pillow's own conversion would cut it off at 255."""
    values = values.astype(np.float64)
    top = 65535.0 if values.max(initial=0) > 255 else 255.0
    return np.clip(np.round(values * (255.0 / top)), 0, 255).astype(np.uint8)


def _reduced(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    if max(height, width) <= MAX_SIDE:
        return pixels
    scale = MAX_SIDE / max(height, width)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return resize(pixels, size)


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w, c) uint8 to ``size`` (h, w): area averages when shrinking, bilinear when enlarging."""
    height, width = size
    if image.shape[:2] == (height, width):
        return image
    shrinking = height <= image.shape[0] and width <= image.shape[1]
    how = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    resized = cv2.resize(image, (width, height), interpolation=how)
    return resized.reshape(height, width, image.shape[2])


def _channels(image: np.ndarray, channels: int) -> np.ndarray:
    if image.shape[2] == channels:
        return image
    if channels == 1:
        return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
    return np.repeat(image, 3, axis=2)


def _box(
    shape: tuple[int, ...], size: tuple[int, int], how: str
) -> tuple[float, float, float, float]:
    """Where the network's input lies on the photo: (top, left, height, width) in photo pixels.

    For ``pad`` it is larger than the photo.
    """
    height, width = shape[:2]
    if how == "stretch":
        return 0.0, 0.0, float(height), float(width)
    ratio = size[1] / size[0]
    fill = min if how == "crop" else max
    box_height = fill(float(height), width / ratio)
    box_width = box_height * ratio
    return (height - box_height) / 2, (width - box_width) / 2, box_height, box_width


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
    if how not in FITS:
        raise BadInput(
            "Images are fitted by {known}, not “{how}”.", known=", ".join(FITS), how=str(how)[:40]
        )
    image = _channels(image, channels)
    if how == "crop":
        top, left, height, width = (round(x) for x in _box(image.shape, size, how))
        image = image[top : top + max(1, height), left : left + max(1, width)]
    elif how == "pad":
        top, left, height, width = _box(image.shape, size, how)
        above, before = round(-top), round(-left)
        below = round(height) - image.shape[0] - above
        after = round(width) - image.shape[1] - before
        image = np.pad(image, ((above, max(0, below)), (before, max(0, after)), (0, 0)))
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
    border = np.concatenate([grey[0, :, 0], grey[-1, :, 0], grey[:, 0, 0], grey[:, -1, 0]])
    low = float(np.median(border))  # the shade of the background
    if low > 127:
        grey, low = 255 - grey, 255 - low
        steps.append(Step(N_("inverted: light on black"), grey))
    values = grey[..., 0].astype(np.float32)
    high = float(values.max())
    if high - low < 32:
        raise BadImage("Nothing is drawn here: the image is almost one single shade.")
    values = np.clip((values - low) / (high - low), 0, 1)
    ink = values > 0.25
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    cropped = values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    steps.append(Step(N_("cropped to the sign"), _grey8(cropped)))
    side = min(size) * 20 / 28
    scale = side / max(cropped.shape)
    target = (max(1, round(cropped.shape[0] * scale)), max(1, round(cropped.shape[1] * scale)))
    small = resize(_grey8(cropped), target)[..., 0].astype(np.float32)
    weights = small / small.sum()
    centre_y = float((weights.sum(1) * np.arange(target[0])).sum())
    centre_x = float((weights.sum(0) * np.arange(target[1])).sum())
    shift = np.float32(
        [[1, 0, round((size[1] - 1) / 2 - centre_x)], [0, 1, round((size[0] - 1) / 2 - centre_y)]]
    )
    centred = cv2.warpAffine(small, shift, (size[1], size[0]), flags=cv2.INTER_NEAREST)
    steps.append(Step(N_("shrunk and centred"), np.round(centred).astype(np.uint8)[..., None]))
    return steps


def _grey8(values: np.ndarray) -> np.ndarray:
    return np.round(values * 255).astype(np.uint8)[..., None]


def prepare(image: np.ndarray, card: Card) -> np.ndarray:
    """The image as the network receives it, (h, w, c) uint8, by its card.

    An image that already has the network's exact size and channels is left as it is.
    """
    height, width, channels = card.input_shape
    if image.shape == (height, width, channels):
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
    rows = (np.arange(height) + 0.5 - top) / box_height
    columns = (np.arange(width) + 0.5 - left) / box_width
    map_y = np.repeat((rows * heat.shape[0] - 0.5)[:, None], width, 1).astype(np.float32)
    map_x = np.repeat((columns * heat.shape[1] - 0.5)[None], height, 0).astype(np.float32)
    placed = cv2.remap(
        heat.astype(np.float32), map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    outside_rows, outside_columns = (rows < 0) | (rows > 1), (columns < 0) | (columns > 1)
    placed[outside_rows] = np.nan
    placed[:, outside_columns] = np.nan
    return placed


def encode_png(image: np.ndarray, enlarge: int = 1) -> bytes:
    """A PNG of (h, w), (h, w, 1) or (h, w, 3) uint8; each pixel as ``enlarge``² equal ones."""
    if enlarge > 1:
        image = np.repeat(np.repeat(image, enlarge, axis=0), enlarge, axis=1)
    if image.ndim == 3 and image.shape[2] == 3:
        image = image[..., ::-1]
    done, data = cv2.imencode(".png", np.ascontiguousarray(image))
    if not done:
        raise ValueError(f"cannot encode an array of shape {image.shape}")
    return data.tobytes()
