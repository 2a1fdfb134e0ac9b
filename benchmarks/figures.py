"""Times and bytes of the pictures: ``python -m benchmarks.figures``.

The bar for a grid of 64 tiles at 54 pixels a tile is 20 ms and 120 KB.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from cnnviz.figures import legend, overlays, tiles
from cnnviz.figures.colours import sequential
from cnnviz.figures.png import encode_palette_png
from cnnviz.figures.training import training_curve

SHEET = Path(__file__).parents[1] / "cnnviz/datasets/bundled/cifar10/test.webp"


def photos(count: int) -> np.ndarray:
    """Real images (count, 32, 32, 3) from the bundled sheet."""
    sheet = cv2.imread(str(SHEET))[..., ::-1]
    cells = sheet.reshape(100, 32, 100, 32, 3).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(cells.reshape(-1, 32, 32, 3)[:count])


def feature_like(side: int) -> np.ndarray:
    """64 maps (64, side, side) uint8 like those of a first layer: random edges of a real photo."""
    rng = np.random.default_rng(0)
    photo = cv2.resize(photos(1)[0], (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    kernels = rng.normal(size=(64, 3, 3)).astype(np.float32)
    maps = [cv2.filter2D(photo.mean(axis=-1), -1, k - k.mean()) for k in kernels]
    return np.stack([tiles.quantise(np.maximum(m, 0))[0] for m in maps])


def measure(work: Callable[[], bytes | None], rounds: int = 9) -> tuple[float, int]:
    """Median milliseconds of processor time (others may be at work too), bytes of the result."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        result = work()
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times), len(result or b"")


def main() -> None:
    cv2.setNumThreads(1)
    print(f"{'picture':<44}{'ms':>8}{'KB':>9}")

    def line(name: str, work: Callable[[], bytes | None]) -> None:
        milliseconds, size = measure(work)
        print(f"{name:<44}{milliseconds:8.1f}{size / 1000:9.1f}")

    for side in (14, 28, 112):
        maps = feature_like(side)
        line(f"64 tiles at 54 px, maps {side}×{side}", lambda m=maps: tiles.tile_grid(m).png())
        line(
            f"64 tiles as a sprite of at most 56 px, {side}×{side}",
            lambda m=maps: tiles.map_sprite(m, largest=56).data,
        )
    picture = tiles.tile_grid(feature_like(54)).indices
    for level in (1, 2, 3, 4, 6, 9):
        line(
            f"palette PNG, 64 maps 54×54, zlib level {level}",
            lambda lv=level: encode_palette_png(picture, sequential(), level=lv),
        )
    photo = cv2.resize(photos(1)[0], (450, 300), interpolation=cv2.INTER_CUBIC)
    heat = np.random.default_rng(0).random((7, 7), np.float32)
    line("overlay on a photo 450×300", lambda: overlays.overlay(photo, heat).image.tobytes())
    line("legend for a download", lambda: legend.legend_png(photo, heat, ["Title", "words"]))
    images = photos(2000)
    line("2,000 thumbnails 32×32×3, exact", lambda: tiles.image_sprite(images).data)
    line("2,000 thumbnails 32×32×3", lambda: tiles.image_sprite(images, exact=False).data)
    steps = np.arange(5000)
    curve = {"step": steps, "loss": np.exp(-steps / 900)}
    line(
        "training curve, 5,000 batches (JSON)",
        lambda: training_curve("loss", curve, {}, title="Loss").to_json().encode(),
    )


if __name__ == "__main__":
    main()
