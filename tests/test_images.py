"""Files are made here, by Pillow or byte by byte, and come back as the pixels they mean."""

import io
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from cnnviz import images
from cnnviz.datasets import bundled
from cnnviz.errors import BadImage, BadInput
from cnnviz.models.cards import Card

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def file(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def quarters(height=60, width=80) -> np.ndarray:
    """Red, green, blue and white, a quarter each."""
    pixels = np.zeros((height, width, 3), np.uint8)
    h, w = height // 2, width // 2
    pixels[:h, :w], pixels[:h, w:] = (255, 0, 0), (0, 255, 0)
    pixels[h:, :w], pixels[h:, w:] = (0, 0, 255), (255, 255, 255)
    return pixels


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


# Every kind of file


@pytest.mark.parametrize("kind", FORMATS)
def test_colour_in_every_format(kind):
    pixels = quarters()
    decoded = images.decode(file(Image.fromarray(pixels), kind))
    assert decoded.shape == (60, 80, 3) and decoded.dtype == np.uint8
    inside = np.s_[5::30, 5::40]  # away from the edges, where JPEG and WebP bleed
    assert np.abs(decoded[inside].astype(int) - pixels[inside]).max() <= 8


def test_heic_where_the_library_is_there():
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    decoded = images.decode(file(Image.fromarray(quarters(64, 64)), "HEIF", quality=95))
    assert decoded.shape == (64, 64, 3)
    assert np.abs(decoded[16::32, 16::32].astype(int) - quarters(64, 64)[16::32, 16::32]).max() < 12


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_grey_has_one_channel(kind):
    decoded = images.decode(file(Image.new("L", (9, 7), 100), kind))
    assert decoded.shape == (7, 9, 1) and set(np.unique(decoded)) == {100}


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_one_bit(kind):
    picture = Image.new("1", (9, 7), 0)
    picture.putpixel((3, 2), 1)
    decoded = images.decode(file(picture, kind))
    assert decoded.shape == (7, 9, 1)
    assert decoded[2, 3, 0] == 255 and decoded.sum() == 255


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(("value", "expected"), [(0, 0), (200, 1), (32768, 128), (65535, 255)])
def test_grey_of_16_bits_is_scaled_not_cut_off(kind, value, expected):
    decoded = images.decode(file(Image.fromarray(np.full((7, 9), value, np.uint16)), kind))
    assert decoded.shape == (7, 9, 1)
    assert abs(int(decoded[3, 3, 0]) - expected) <= 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([0.0, 32768.0, 65535.0], [0, 128, 255]),
        ([-10.0, 0.0, 10.0], [0, 128, 255]),
        ([np.nan, np.inf, 1.0], [0, 0, 255]),
    ],
)
def test_float_tiff(values, expected):
    decoded = images.decode(file(Image.fromarray(np.array([values], np.float32)), "TIFF"))
    assert decoded.shape == (1, 3, 1)
    np.testing.assert_allclose(decoded[0, :, 0], expected, atol=1)


def test_integers_of_32_bits():
    values = np.array([[0, 1_000_000, 2_000_000]], np.int32)
    decoded = images.decode(file(Image.fromarray(values), "TIFF"))
    np.testing.assert_allclose(decoded[0, :, 0], [0, 128, 255], atol=1)


def test_cmyk_red_is_red():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    for kind in ("JPEG", "TIFF"):
        pixel = images.decode(file(red, kind))[8, 8].astype(int)
        assert np.abs(pixel - (255, 0, 0)).max() < 12


def test_transparency_lies_on_white():
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[..., 0], rgba[:2, :, 3], rgba[2, :, 3] = 200, 255, 128
    for kind in ("PNG", "WEBP", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        decoded = images.decode(file(Image.fromarray(rgba), kind, **options))
        assert decoded.shape == (4, 4, 3)
        np.testing.assert_array_equal(decoded[0, 0], (200, 0, 0))
        np.testing.assert_allclose(decoded[2, 0], (227, 127, 127), atol=1)
        np.testing.assert_array_equal(decoded[3, 0], (255, 255, 255))


def test_grey_with_transparency_stays_grey():
    values = np.zeros((2, 2, 2), np.uint8)
    values[0, :, 1] = 255
    decoded = images.decode(file(Image.fromarray(values, "LA")))
    assert decoded.shape == (2, 2, 1)
    np.testing.assert_array_equal(decoded[..., 0], [[0, 0], [255, 255]])
    one_shade = file(Image.fromarray(np.array([[0, 9]], np.uint8)), transparency=0)
    np.testing.assert_array_equal(images.decode(one_shade)[..., 0], [[255, 9]])


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_a_transparent_colour(kind):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    picture.putpixel((0, 0), 0)
    picture.putpixel((1, 0), 2)
    decoded = images.decode(file(picture, kind, transparency=0))
    np.testing.assert_array_equal(decoded[0, 0], (255, 255, 255))
    np.testing.assert_array_equal(decoded[0, 1], (70, 80, 90))
    np.testing.assert_array_equal(decoded[3, 3], (40, 50, 60))


def test_palette_with_alpha():
    palette = Image.new("PA", (1, 2))
    palette.putpalette([10, 20, 30])
    palette.putpixel((0, 0), (0, 255))
    layer = palette.convert("RGBA")
    np.testing.assert_array_equal(images.decode(file(layer))[:, 0], [[10, 20, 30], [255] * 3])


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_an_animation(kind):
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "lime")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = file(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_array_equal(images.decode(data)[10, 10], (255, 0, 0))


def test_photo_with_a_second_picture_inside():
    """Phones write a preview or depth map behind the photo (MPO): still a JPEG."""
    frames = [Image.new("RGB", (64, 32), colour) for colour in ("red", "blue")]
    decoded = images.decode(file(frames[0], "MPO", save_all=True, append_images=frames[1:]))
    assert decoded.shape == (32, 64, 3) and decoded[5, 5, 0] > 240


# Turned by the camera

UPRIGHT = quarters(40, 64)
STORED = {  # what a camera stores for each EXIF orientation, from the upright picture
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT),
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(UPRIGHT, -1),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_lands_upright(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    decoded = images.decode(file(stored, kind, exif=exif))
    assert decoded.shape == UPRIGHT.shape
    middles = np.s_[10::20, 16::32]
    assert np.abs(decoded[middles].astype(int) - UPRIGHT[middles]).max() <= 8


def test_large_photo_is_turned_after_it_was_halved():
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(quarters(400, 5000))))
    decoded = images.decode(file(stored, "JPEG", exif=exif))
    assert decoded.shape == (200, 2500, 3)
    np.testing.assert_allclose(decoded[50, 600], (255, 0, 0), atol=8)
    np.testing.assert_allclose(decoded[150, 600], (0, 0, 255), atol=8)


# Large pictures


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_photos_of_up_to_4096_pixels_are_kept_whole(kind):
    assert images.decode(file(Image.new("RGB", (4096, 16)), kind)).shape == (16, 4096, 3)
    assert images.decode(file(Image.new("RGB", (4096, 4096)), "JPEG")).shape[:2] == (4096, 4096)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16", "1"])
def test_larger_ones_are_reduced_in_proportion(mode):
    decoded = images.decode(file(Image.new(mode, (8000, 1000))))
    assert decoded.shape[:2] == (512, 4096)


IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from cnnviz import images
images.decode(Path(sys.argv[1]).read_bytes())          # a small one, so that all is imported
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[2:]:
    try:
        print(images.decode(Path(path).read_bytes()).shape)
    except images.BadImage as error:
        print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def in_a_process(tmp_path, *files: bytes) -> tuple[list[str], float]:
    """What ``decode`` says of each file, and by how many MiB the process grew at most."""
    paths = []
    for i, data in enumerate([file(Image.new("RGB", (9, 9)), "JPEG"), *files]):
        paths.append(tmp_path / str(i))
        paths[-1].write_bytes(data)
    output = subprocess.run(
        [sys.executable, "-c", IN_LITTLE_MEMORY, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()
    return output[:-1], float(output[-1])


def test_48_megapixels_from_a_phone(tmp_path):
    small = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    photo = Image.fromarray(small).resize((8064, 6048), Image.Resampling.NEAREST)
    said, grown = in_a_process(tmp_path, file(photo, "JPEG", quality=60))
    assert said == ["(3024, 4032, 3)"]
    assert grown < 150  # decoded whole it would be 140 MiB three times over


def webp_header(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff(width: int, height: int, tile: dict[int, int] | None = None) -> bytes:
    tags = {256: width, 257: height, 258: 8, 259: 8, 262: 1, 277: 1, **(tile or {})}
    if 322 in tags:
        data = zlib.compress(bytes(tags[322] * tags[323]), 1)
        tags |= {324: 8, 325: len(data)}
    else:
        data = zlib.compress(bytes(1000))
        tags |= {273: 8, 279: len(data), 278: height}
    data += b"\0" * (len(data) % 2)
    directory = struct.pack("<H", len(tags))
    for tag, value in sorted(tags.items()):
        directory += struct.pack("<HHII", tag, 4, 1, value)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory + b"\0\0\0\0"


def test_bombs_are_refused_by_their_header(tmp_path):
    gif = b"GIF89a" + struct.pack("<HH", 30000, 30000) + b"\x80\0\0" + bytes(6) + b","
    gif += struct.pack("<HHHH", 0, 0, 30000, 30000) + b"\0\x02\x02\x44\x01\0;"
    bmp = b"BM" + struct.pack("<IHHI", 99, 0, 0, 54)
    bmp += struct.pack("<IiiHHIIiiII", 40, 30000, 30000, 1, 24, 0, 0, 0, 0, 0, 0)
    jpeg = bytearray(file(Image.new("RGB", (16, 16)), "JPEG"))
    start = jpeg.index(b"\xff\xc0")
    jpeg[start + 5 : start + 9] = struct.pack(">HH", 30000, 30000)
    bombs = [
        png_header(30000, 30000),
        png_header(12000, 10000),
        bytes(jpeg),
        gif,
        bmp,
        webp_header(16000, 16000),
        tiff(30000, 30000),
        tiff(64, 64, {322: 11008, 323: 11008}),
    ]
    said, grown = in_a_process(tmp_path, *bombs)
    assert len(said) == len(bombs) and grown < 40
    assert all(
        s.startswith(("This image has more than 100 mega", "This image file is")) for s in said
    )
    assert said[0].startswith("This image has more than 100 megapixels") and said[0] == said[1]


def test_progressive_jpeg_with_thousands_of_passes():
    data = file(Image.fromarray(quarters()), "JPEG", progressive=True)
    scan = data.index(b"\xff\xda")
    with pytest.raises(BadImage, match="damaged"):
        images.decode(data[:scan] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" * 600 + data[scan:])


# What is no image


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"to be or not to be", "not an image"),
        (b"%PDF-1.7 whatever", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "not an image|damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
    ],
)
def test_not_an_image_is_one_sentence(data, sentence):
    with pytest.raises(BadImage, match=sentence) as caught:
        images.decode(data)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "PROGRESSIVE", "WEBP", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_truncated_files_are_refused(kind, part):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 90, 3), np.uint8))
    options = {"progressive": True} if kind == "PROGRESSIVE" else {}
    data = file(noise, "JPEG" if options else kind, **options)
    with pytest.raises(BadImage):
        images.decode(data[: int(len(data) * part)])


def test_mutated_files_give_pixels_or_a_sentence():
    rng = np.random.default_rng(1)
    source = Image.fromarray(quarters(24, 24))
    files = [file(source, kind) for kind in FORMATS]
    files.append(file(source.convert("P"), "PNG", transparency=0))
    files.append(file(source.convert("L"), "TIFF", compression="tiff_lzw"))
    refused = 0
    for i in range(480):
        data = bytearray(files[i % len(files)])
        for _ in range(rng.integers(1, 6)):
            data[rng.integers(len(data))] = rng.integers(256)
        if i % 3 == 0:
            del data[rng.integers(len(data)) :]
        try:
            decoded = images.decode(bytes(data))
            assert decoded.dtype == np.uint8 and decoded.ndim == 3 and decoded.shape[2] in (1, 3)
        except BadImage:
            refused += 1
    assert 100 < refused < 480


# Fitting, and putting heat back


def test_shrinking_averages():
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    fitted = images.fit(checks[..., None].astype(np.uint8), (16, 16), 1)
    assert np.abs(fitted.astype(int) - 128).max() <= 1


def test_shrinking_one_side_while_the_other_grows_averages_too():
    stripes = np.tile(np.array([0, 255], np.uint8), 32)[None].repeat(8, 0)[..., None]
    assert np.abs(images.fit(stripes, (16, 16), 1).astype(int) - 128).max() <= 1


def test_fit_takes_the_part_it_says():
    photo = np.zeros((50, 100, 3), np.uint8)
    photo[:, 25:75] = 200
    np.testing.assert_array_equal(images.fit(photo, (10, 10), 3, "crop"), 200)
    padded = images.fit(np.full((50, 100, 3), 200, np.uint8), (20, 20), 3, "pad")
    assert (padded[:5] == 0).all() and (padded[5:15] == 200).all() and (padded[15:] == 0).all()
    stretched = images.fit(photo, (10, 8), 3)
    assert (stretched[:, 2:6] == 200).all() and (stretched[:, [0, 1, 6, 7]] == 0).all()


def test_fit_changes_channels():
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    assert images.fit(red, (2, 2), 1)[0, 0, 0] == 76  # ITU-R BT.601
    np.testing.assert_array_equal(images.fit(red[..., :1], (2, 2), 3), 255)


@pytest.mark.parametrize("how", images.FITS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 300, 3), (4096, 1, 1), (3, 2, 3)])
def test_any_proportions_fit(how, shape):
    fitted = images.fit(np.full(shape, 9, np.uint8), (28, 32), 3, how)
    assert fitted.shape == (28, 32, 3)
    assert fitted.max() == 9 or how == "pad"  # a thin line on much black fades
    placed = images.place_back(np.ones((7, 8), np.float32), shape, (28, 32), how)
    assert placed.shape == shape[:2] and np.nanmax(placed) == pytest.approx(1)


def test_unknown_fit():
    with pytest.raises(BadInput, match="stretch, crop, pad"):
        images.fit(quarters(), (8, 8), 3, "squeeze")


@pytest.mark.parametrize("how", images.FITS)
@pytest.mark.parametrize("shape", [(200, 300), (300, 200), (224, 224), (151, 97)])
@pytest.mark.parametrize("size", [(224, 224), (96, 128)])
@pytest.mark.parametrize("spot", [(0.5, 0.5), (0.42, 0.61), (0.6, 0.4)])
def test_heat_comes_back_to_where_it_was_on_the_photo(how, shape, size, spot):
    rows, columns = np.indices(shape)
    y, x = spot[0] * shape[0], spot[1] * shape[1]
    blob = np.exp(-((rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2) / (2 * 12.0**2))
    fitted = images.fit((blob * 255).astype(np.uint8)[..., None], size, 1, how)
    cells = (size[0] // 16, size[1] // 16)
    heat = cv2.resize(fitted[..., 0].astype(np.float32), cells[::-1], interpolation=cv2.INTER_AREA)
    placed = images.place_back(heat, shape, size, how)
    weights = np.nan_to_num(placed)
    weights = np.where(weights > 0.5 * weights.max(), weights, 0)
    found = [(weights * (r + 0.5)).sum() / weights.sum() for r in (rows, columns)]
    top, left, height, width = images._box(shape, size, how)
    assert abs(found[0] - y) <= height / cells[0] / 2
    assert abs(found[1] - x) <= width / cells[1] / 2


def test_stretched_heat_is_half_pixel_correct():
    heat = np.random.default_rng(0).normal(size=(7, 9)).astype(np.float32)
    placed = images.place_back(heat, (150, 211, 3), (224, 224), "stretch")
    expected = cv2.resize(heat, (211, 150), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(placed, expected, atol=1e-6)
    one_cell = np.zeros((7, 7), np.float32)
    one_cell[2, 4] = 1  # its centre is pixel (80, 144) of 224
    placed = images.place_back(one_cell, (224, 224), (224, 224), "stretch")
    assert np.unravel_index(placed.argmax(), placed.shape) in [(79, 143), (80, 144)]


def test_outside_the_crop_there_is_no_heat():
    placed = images.place_back(np.ones((7, 7), np.float32), (100, 200, 3), (224, 224), "crop")
    assert np.isnan(placed[:, :50]).all() and np.isnan(placed[:, 150:]).all()
    assert (placed[:, 50:150] == 1).all()


def test_heat_on_the_padding_is_left_out():
    heat = np.zeros((8, 8), np.float32)
    heat[0] = 1
    placed = images.place_back(heat, (100, 200), (64, 64), "pad")
    assert placed.shape == (100, 200) and placed.max() == 0


def test_png_of_pixels():
    for pixels in (quarters(), quarters()[..., :1]):
        np.testing.assert_array_equal(images.decode(images.encode_png(pixels)), pixels)
    enlarged = images.decode(images.encode_png(quarters(4, 6)[..., 0], enlarge=3))
    np.testing.assert_array_equal(enlarged[1::3, 1::3, 0], quarters(4, 6)[..., 0])


# Digits


def seven(height=200, width=300, thick=14) -> np.ndarray:
    """A hand-drawn 7, dark on white and off the centre."""
    sheet = np.full((height, width), 255, np.uint8)
    cv2.polylines(sheet, [np.array([[40, 30], [120, 30], [70, 150]])], False, 20, thick)
    return sheet[..., None]


@pytest.mark.parametrize("size", [(28, 28), (32, 32), (56, 56)])
def test_digit_is_boxed_and_centred_as_mnist_was(size):
    steps = images.fit_digit(seven(), size)
    last = steps[-1].image
    assert last.shape == (*size, 1) and last.dtype == np.uint8
    assert [s.image.dtype for s in steps] == [np.uint8] * len(steps)
    ink = last[..., 0] > 0
    longer = max(np.ptp(np.flatnonzero(ink.any(a))) + 1 for a in (0, 1))
    assert abs(longer - size[0] * 20 / 28) <= 1
    for axis in (0, 1):
        mass = last[..., 0].sum(1 - axis, dtype=float)
        assert abs((mass * np.arange(size[axis])).sum() / mass.sum() - size[axis] / 2) <= 0.55


def test_dark_on_light_and_light_on_dark_are_the_same_digit():
    dark = images.fit_digit(seven())
    light = images.fit_digit(255 - seven())
    np.testing.assert_array_equal(dark[-1].image, light[-1].image)
    assert len(dark) == len(light) + 1  # the inversion is a step of its own
    colour = np.repeat(seven(), 3, axis=2)
    np.testing.assert_array_equal(images.fit_digit(colour)[-1].image, dark[-1].image)


def test_the_sets_own_digits_stay_where_they_are():
    digits, _labels = bundled.split_arrays("mnist", "test")
    off = []
    for digit in digits[:200]:
        own, new = digit[..., 0].astype(float), images.fit_digit(digit)[-1].image[..., 0]
        rows, columns = np.arange(28), np.arange(28)[:, None]
        off += [
            (own * at).sum() / own.sum() - (new * at).sum() / new.sum() for at in (rows, columns)
        ]
    assert abs(np.mean(off)) < 0.1  # pixels


def test_a_thin_pen_does_not_fade():
    sheet = np.full((1500, 1500), 255, np.uint8)
    cv2.line(sheet, (300, 300), (1200, 1200), 0, 1)
    last = images.fit_digit(sheet[..., None])[-1].image
    assert last.max() == 255


def test_the_grain_of_photographed_paper_becomes_black():
    rng = np.random.default_rng(0)
    shades = np.linspace(190, 225, 300) * (seven(thick=20)[..., 0] / 255)
    photo = np.clip(shades + rng.normal(0, 4, shades.shape), 0, 255).astype(np.uint8)
    paper = images.fit_digit(photo[..., None])[-1].image[..., 0]
    clean = images.fit_digit(seven(thick=20))[-1].image[..., 0]
    assert np.median(paper[clean == 0]) == 0
    assert np.corrcoef(paper.ravel(), clean.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("shade", [0, 255, 128])
def test_nothing_drawn_is_a_sentence(shade):
    with pytest.raises(BadImage, match="Nothing is drawn"):
        images.fit_digit(np.full((100, 100, 3), shade, np.uint8))


CARD = Card("Digits", tuple("0123456789"), (28, 28, 1), polarity="light_on_dark")


def test_prepare_follows_the_card():
    own = bundled.image_at("mnist", "test", 0)[0]
    assert images.prepare(own, CARD) is own
    on_paper = images.prepare(255 - own, CARD)
    assert np.median(on_paper) == 0 and on_paper.max() == 255
    drawn = images.prepare(seven(), CARD)
    np.testing.assert_array_equal(drawn, images.fit_digit(seven())[-1].image)
    photos = Card("Photos", ("a", "b"), (20, 20, 3), fit="crop")
    wide = np.zeros((50, 100, 3), np.uint8)
    wide[:, 25:75] = 200
    np.testing.assert_array_equal(images.prepare(wide, photos), 200)


def redrawn(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A digit of the test set as somebody's drawing: large, anywhere, on either paper."""
    scale = rng.uniform(5, 12)
    large = cv2.resize(digit, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    sheet = np.zeros((500, 640), np.uint8)
    top = rng.integers(0, 500 - large.shape[0])
    left = rng.integers(0, 640 - large.shape[1])
    sheet[top : top + large.shape[0], left : left + large.shape[1]] = large
    return (sheet if rng.random() < 0.5 else 255 - sheet)[..., None]


def test_redrawn_digits_are_still_read():
    keras = pytest.importorskip("keras")
    from cnnviz import storage

    network = keras.models.load_model(storage.SHIPPED / "mnist_lenet5" / "model.keras")
    digits, labels = bundled.split_arrays("mnist", "test")
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(digits), 200, replace=False)
    received = np.stack([images.prepare(redrawn(digits[i], rng), CARD) for i in chosen])
    answers = network.predict(received, verbose=0).argmax(1)
    correct = (answers == labels[chosen]).mean()
    print(f"{correct:.1%} of 200 redrawn digits are read right")
    assert correct >= 0.9


def tiff_with_tile_width_in_words(count: int) -> bytes:
    """A strip image whose tile tags nobody needs: TileWidth a text, TileLength a number."""
    entries = [
        (256, 4, 1, 8),
        (257, 4, 1, 8),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 2000),
        (277, 3, 1, 1),
        (278, 4, 1, 8),
        (279, 4, 1, 64),
        (322, 2, 1000, 500),
        (323, 4, 1, count),
    ]
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    data = bytearray(3000)
    data[: len(head + body)] = head + body
    data[500:1500] = b"A" * 999 + b"\0"
    return bytes(data)


def test_a_text_where_a_number_belongs_is_not_repeated_millions_of_times():
    tracemalloc.start()
    try:
        with pytest.raises(BadImage, match="damaged"):
            images.decode(tiff_with_tile_width_in_words(500_000))
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [(1, 4096), (4096, 1), (4, 4096)])
def test_a_photo_is_not_padded_to_what_is_hardly_wider_than_a_line(size):
    photo = np.zeros((2048, 2048, 3), np.uint8)
    with pytest.raises(BadInput, match="too narrow"):
        images.fit(photo, size, 3, "pad")
    with pytest.raises(BadInput, match="too narrow"):
        images.check_fit(size, "pad")
    for how in ("stretch", "crop"):
        images.check_fit(size, how)
        assert images.fit(photo, size, 3, how).shape == (*size, 3)
    assert images.fit(photo, (64, 512), 3, "pad").shape == (64, 512, 3)


def test_few_large_images_are_decoded_at_once(monkeypatch):
    """A whole class may send photos of a hundred megapixels in the same second."""
    large = io.BytesIO()
    Image.new("L", (5000, 4000)).save(large, "PNG")
    lock, at_once, most = threading.Lock(), [0], []

    def slowly(picture):
        with lock:
            at_once[0] += 1
            most.append(at_once[0])
        time.sleep(0.05)
        with lock:
            at_once[0] -= 1
        return np.zeros((1, 1, 1), np.uint8)

    monkeypatch.setattr(images, "_pixels", slowly)
    threads = [threading.Thread(target=images.decode, args=(large.getvalue(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(most) == 6 and max(most) == 2
