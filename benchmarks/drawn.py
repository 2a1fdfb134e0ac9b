"""What a page shows, as far as sessions without a browser look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.Navigation_pb2 import Navigation

Path = tuple[int, ...]


@dataclass(frozen=True)
class _Element:
    """``kind`` with the key that the page gave and a value: an id, an address or a text."""

    kind: str
    key: str
    value: str
    fragment: str
    run: int


@dataclass
class Drawn:
    """The elements of a page by place. ``pages`` are all pages of the app: address → id."""

    pages: dict[str, str] = field(default_factory=dict)
    _elements: dict[Path, _Element] = field(default_factory=dict)
    _run: int = 0
    _drawn_again: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The page's heading."""
        return next(iter(self._of("title").values()), "")

    @property
    def buttons(self) -> dict[str, str]:
        """Key → id."""
        return self._of("button")

    @property
    def uploaders(self) -> dict[str, str]:
        """Key → id."""
        return self._of("uploader")

    @property
    def pictures(self) -> dict[str, str]:
        """Addresses by the key of the container that a picture stands in, else by its place."""
        found = {}
        for path, one in self._elements.items():
            if one.kind == "picture":
                around = self._elements.get(path[:-1])
                found[around.key if around and around.key else one.key] = one.value
        return found

    @property
    def texts(self) -> list[str]:
        return [one.value for one in self._elements.values() if one.kind == "text"]

    def begin(self, fragments: Sequence[str]) -> None:
        """The script runs: the whole of it, or these parts."""
        self._run += 1
        self._drawn_again = tuple(fragments)
        if not fragments:
            self._elements.clear()

    def end(self) -> None:
        """What such a part no longer shows is gone."""
        for path, one in list(self._elements.items()):
            if one.fragment in self._drawn_again and one.run != self._run:
                del self._elements[path]

    def note_pages(self, navigation: Navigation) -> None:
        for page in navigation.app_pages:
            self.pages[page.url_pathname] = page.page_script_hash
            if page.is_default:
                self.pages[""] = page.page_script_hash

    def take(self, delta: Delta, path: Path) -> None:
        """An element or a container has come to a place; what was there before is gone."""
        if path in self._elements:
            for old in [p for p in self._elements if p[: len(path)] == path]:
                del self._elements[old]
        kind, key, value = "other", "", ""
        if delta.HasField("add_block"):
            kind, key = "container", _key(delta.add_block.id)
        elif delta.HasField("new_element"):
            element = delta.new_element
            of = element.WhichOneof("type")
            if of == "button":
                kind, key, value = "button", _key(element.button.id), element.button.id
            elif of == "file_uploader":
                value = element.file_uploader.id
                kind, key = "uploader", _key(value)
            elif of == "markdown":
                kind, value = "text", element.markdown.body
            elif of == "heading" and element.heading.tag == "h1":
                kind, value = "title", element.heading.body
            elif of == "imgs" and element.imgs.imgs and element.imgs.imgs[0].url.startswith("/"):
                kind, key = "picture", ".".join(map(str, path))
                value = element.imgs.imgs[0].url
        self._elements[path] = _Element(kind, key, value, delta.fragment_id, self._run)

    def _of(self, kind: str) -> dict[str, str]:
        return {one.key: one.value for one in self._elements.values() if one.kind == kind}


def _key(identifier: str) -> str:
    """The key that a page gave: a widget's id ends with it."""
    return identifier.split("-", 2)[-1]
