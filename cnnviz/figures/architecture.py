"""A network as a drawing: blocks whose size shows how the tensor shrinks and its channels grow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from html import escape

from cnnviz.figures.colours import accent
from cnnviz.models.cards import Layer

MOST_BLOCKS = 18  # more than this on one line is a wall, not a picture: group them
_FEWEST = 4  # and fewer than this hides the network
_TALLEST, _SMALLEST = 150, 16
_LABELS, _TOP = 92, 54  # room under and above the blocks
_FAMILIES = (
    ("Dense", ("#b7a6e6", "#7d63c9")),
    ("Conv", ("#9fb4e8", "#5a6fd0")),
    ("Pool", ("#f3c98b", "#c98a2b")),
)
_OTHER = ("#ced3e0", "#7c8299")
_SLIM = ("Normalization", "Activation", "ReLU", "Dropout", "GELU", "Softmax", "Rescaling",
         "Padding", "Flatten", "Reshape")  # fmt: skip
_MARK = "›"


@dataclass(frozen=True)
class Group:
    """Consecutive layers drawn as one block; ``name`` is unique within a network."""

    name: str
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)


def group_layers(layers: Sequence[Layer]) -> tuple[Group, ...]:
    """The layers in at most about ``MOST_BLOCKS`` groups; a small network keeps its layers single.

    Tried in turn: nothing grouped; layers whose names begin alike (``block2a_…``, ``outer/…``);
    the same by stage (``block2…``); layers of the same spatial size.
    """
    prominent = [layer for layer in layers if not _is_slim(layer)]
    if len(prominent) <= MOST_BLOCKS:
        return tuple(Group(layer.name, (layer,)) for layer in layers)
    for key in (_prefix, _stage, _size):
        groups = _consecutive(layers, key)
        if _FEWEST <= len(groups) <= MOST_BLOCKS:
            return groups
    return groups


def group_of(groups: Sequence[Group], layer: str) -> Group | None:
    """The group that holds the layer of that name."""
    return next((g for g in groups if any(x.name == layer for x in g.layers)), None)


def architecture_svg(
    layers: Sequence[Layer],
    *,
    selected: str | None = None,
    expanded: Collection[str] = (),
    parameters: str = "{count} parameters",
    group_size: str = "{count} layers",
    dark: bool = False,
) -> str:
    """The whole network from left to right as an SVG text.

    Blocks carry ``data-id``: ``layer:<name>`` or ``group:<name>``. Groups whose name is in
    ``expanded``, and the group of the ``selected`` layer, show their layers. ``parameters`` and
    ``group_size`` are sentences with ``{count}``. The drawing has its natural width: let it scroll.
    """
    pen = _Pen(dark, max((x.output_shape[0] for x in layers if x.spatial), default=1), parameters)
    for group in group_layers(layers):
        if sum(not _is_slim(layer) for layer in group.layers) <= 1:
            for layer in group.layers:  # nothing is won by folding a layer and its activation
                pen.layer(layer, selected)
        elif group.name in expanded or any(x.name == selected for x in group.layers):
            pen.open_group(group, selected)
        else:
            pen.closed_group(group, group_size)
    return pen.finish()


class _Pen:
    """Draws block after block; ``x`` is where the next one starts."""

    def __init__(self, dark: bool, tallest: int, parameters: str) -> None:
        self.dark, self.tallest, self.parameters = dark, tallest, parameters
        self.x, self.parts, self.last_right = 16.0, [], None
        self.middle = _TOP + _TALLEST / 2 + 14
        self.ink, self.muted = ("#e8eaf3", "#9aa0b8") if dark else ("#1f2233", "#656b82")

    def layer(self, layer: Layer, selected: str | None, group: str = "") -> None:
        if _is_slim(layer) and self.last_right is not None and layer.name != selected:
            self._slim(layer)
        else:
            self._block(layer, layer.name == selected, group)

    def open_group(self, group: Group, selected: str | None) -> None:
        start = self.x - 2
        position = len(self.parts)
        self.x += 14
        self.last_right = None
        for layer in group.layers:
            self.layer(layer, selected, group.name)
        width = self.x - start - 4
        height = _TALLEST + _LABELS + 34
        fill = "#1a1d29" if self.dark else "#f4f5fb"
        self.parts.insert(
            position,
            f'<g class="block" data-id="group:{_attr(group.name)}" tabindex="0" role="button">'
            f'<rect x="{start:.1f}" y="26" width="{width:.1f}" height="{height}" rx="10" '
            f'fill="{fill}"/><text x="{start + 12:.1f}" y="47" font-weight="600" '
            f'fill="{self.muted}">▾ {escape(group.name)}</text></g>',
        )
        self.x += 14
        self.last_right = None

    def closed_group(self, group: Group, group_size: str) -> None:
        last = group.layers[-1]
        height, width, depth = self._size(last)
        slices, step = min(4, len(group.layers)), 9
        total = width + depth + step * (slices - 1)
        words = [group.name, group_size.format(count=f"{len(group.layers):,}"), _shape(last)]
        slot = max(total, _room(words))
        left = self.x + (slot - total) / 2
        family = _family(max(group.layers, key=lambda x: x.parameters).kind)
        solids = "".join(
            self._solid(left + i * step, height, width if i == slices - 1 else 4, depth, family)
            for i in range(slices)
        )
        title = ", ".join([*words, self._count(group.parameters)])
        self._place(f"group:{group.name}", title, solids, words, slot, bold=False, mark="▸ ")
        self.last_right = None

    def _block(self, layer: Layer, chosen: bool, group: str) -> None:
        height, width, depth = self._size(layer)
        name = layer.name.split("/")[-1]
        name = name.removeprefix(group).lstrip("_") or name  # the group's name stands above
        words = [name, _shape(layer), self._count(layer.parameters)]
        slot = max(width + depth, _room(words))
        left = self.x + (slot - width - depth) / 2
        solid = self._solid(left, height, width, depth, _family(layer.kind), chosen)
        title = f"{layer.name} ({layer.kind}), {words[1]}, {words[2]}"
        self._place(f"layer:{layer.name}", title, solid, words, slot, bold=chosen)
        self.last_right = left + width + depth + 5

    def _slim(self, layer: Layer) -> None:
        height, _, depth = self._size(layer)
        x = self.last_right
        title = f"{layer.name} ({layer.kind}), {_shape(layer)}, {self._count(layer.parameters)}"
        solid = self._solid(x, height, 5, depth * 0.6, _family(layer.kind))
        self.parts.append(self._group(f"layer:{layer.name}", title, solid))
        self.last_right = x + 5 + depth * 0.6 + 4
        self.x = max(self.x, self.last_right + 12)

    def _place(
        self, name: str, title: str, solid: str, words: list[str], slot: float, bold: bool,
        mark: str = "",
    ) -> None:  # fmt: skip
        centre, y = self.x + slot / 2, _TOP + _TALLEST + 46
        lines = [mark + _clipped(words[0]), *words[1:]]
        looks = [(self.ink, 700 if bold else 600), (self.ink, 400), (self.muted, 400)]
        texts = "".join(
            f'<text x="{centre:.1f}" y="{y + 21 * i}" text-anchor="middle" fill="{colour}" '
            f'font-weight="{weight}">{escape(line)}</text>'
            for i, (line, (colour, weight)) in enumerate(zip(lines, looks, strict=False))
            if line
        )
        # The whole slot takes clicks, not only the strokes in it.
        slab = (
            f'<rect x="{self.x:.1f}" y="{_TOP}" width="{slot:.1f}" '
            f'height="{_TALLEST + _LABELS + 4}" fill="transparent"/>'
        )
        self.parts.append(self._group(name, title, slab + solid + texts, bold))
        self.x += slot + 14

    def _group(self, name: str, title: str, inside: str, chosen: bool = False) -> str:
        mark = 'data-selected="true" ' if chosen else ""
        return (
            f'<g class="block" data-id="{_attr(name)}" {mark}tabindex="0" role="button" '
            f'aria-label="{_attr(title)}"><title>{escape(title)}</title>{inside}</g>'
        )

    def _solid(
        self, x: float, height: float, width: float, depth: float, colours: tuple[str, str],
        chosen: bool = False,
    ) -> str:  # fmt: skip
        fill, line = (accent(self.dark), self.ink) if chosen else colours
        y, rise = self.middle - height / 2, depth * 0.7
        stroke = f'stroke="{line}" stroke-width="{2 if chosen else 1}" stroke-linejoin="round"'
        w, d = x + width, x + width + depth
        return (
            f'<path d="M{x:.1f} {y:.1f}L{x + depth:.1f} {y - rise:.1f}L{d:.1f} {y - rise:.1f}'
            f'L{w:.1f} {y:.1f}Z" fill="{fill}" fill-opacity=".55" {stroke}/>'
            f'<path d="M{w:.1f} {y:.1f}L{d:.1f} {y - rise:.1f}L{d:.1f} {y + height - rise:.1f}'
            f'L{w:.1f} {y + height:.1f}Z" fill="{fill}" fill-opacity=".8" {stroke}/>'
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{fill}" {stroke}/>'
        )

    def _size(self, layer: Layer) -> tuple[float, float, float]:
        """Height, width and depth in pixels: maps by their sides, vectors by their length."""
        shape = layer.output_shape
        channels = shape[-1] if shape else 1
        if len(shape) == 3 and layer.spatial:
            # Square roots keep the last 7×7 maps visible beside an input of 224×224.
            height = _SMALLEST + (_TALLEST - _SMALLEST) * math.sqrt(shape[0] / self.tallest)
            depth = (_SMALLEST + (_TALLEST - _SMALLEST) * math.sqrt(shape[1] / self.tallest)) * 0.3
            return height, 4 + 5 * math.log2(1 + channels), depth
        return min(_TALLEST, 24 + 11 * math.log2(1 + channels)), 11, 6

    def _count(self, parameters: int) -> str:
        return self.parameters.format(count=f"{parameters:,}") if parameters else ""

    def finish(self) -> str:
        width, height = round(self.x + 16), _TOP + _TALLEST + _LABELS + 24
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-size="15" font-family="Source Sans, '
            f'Noto Sans CJK SC, sans-serif">' + "".join(self.parts) + "</svg>"
        )


def _attr(text: str) -> str:
    return escape(text, quote=True)


def _clipped(text: str, most: int = 15) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _room(words: Sequence[str]) -> float:
    """Pixels that the longest of the labels needs."""
    return max(96.0, *(8.2 * min(len(word), 22) + 12 for word in words))


def _shape(layer: Layer) -> str:
    return "×".join(f"{n:,}" for n in layer.output_shape)


def _is_slim(layer: Layer) -> bool:
    return any(part in layer.kind for part in _SLIM)


def _family(kind: str) -> tuple[str, str]:
    return next((colours for part, colours in _FAMILIES if part in kind), _OTHER)


def _named_by_keras(layer: Layer) -> bool:
    """Names such as ``conv2d_17`` say nothing about where a layer belongs."""
    return re.sub(r"(_\d+)?$", "", layer.name).replace("_", "") == layer.kind.lower()


def _prefix(layer: Layer) -> str:
    if "/" in layer.name:
        return layer.name.split("/")[0]
    first = layer.name.split("_")[0]
    return first if re.search(r"\d", first) and not _named_by_keras(layer) else layer.name


def _stage(layer: Layer) -> str:
    found = re.match(r"[A-Za-z]+_?\d+", layer.name)
    return found[0] if found and not _named_by_keras(layer) else layer.name


def _size(layer: Layer) -> str:
    return _shape(layer).rpartition("×")[0] if layer.spatial else "1"


def _consecutive(layers: Sequence[Layer], key: Callable[[Layer], str]) -> tuple[Group, ...]:
    runs: list[tuple[str, list[Layer]]] = []
    for layer in layers:
        # A slim layer belongs to what it follows, whatever it is called.
        if runs and (_is_slim(layer) or key(layer) == runs[-1][0]):
            runs[-1][1].append(layer)
        else:
            runs.append((key(layer), [layer]))
    names: dict[str, int] = {}
    groups = []
    for name, members in runs:
        names[name] = names.get(name, 0) + 1
        again = f" {_MARK} {names[name]}" if names[name] > 1 else ""
        shown = members[0].name if len(members) == 1 else name + again
        groups.append(Group(shown, tuple(members)))
    return tuple(groups)
