"""What a page shows, as far as sessions without a browser look at it."""

from __future__ import annotations

from dataclasses import dataclass, field

from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.Navigation_pb2 import Navigation

Path = tuple[int, ...]


@dataclass
class Drawn:
    """The page's title, its buttons and uploaders (key → id), the addresses of its pictures by the
    key of the container that they stand in, its texts by place, and all pages (address → id)."""

    title: str = ""
    buttons: dict[str, str] = field(default_factory=dict)
    uploaders: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    _containers: dict[Path, str] = field(default_factory=dict)

    def forget(self) -> None:
        """The page is drawn anew from its beginning."""
        self.title = ""
        for kept in (self.buttons, self.uploaders, self.pictures, self.texts, self._containers):
            kept.clear()

    def note_pages(self, navigation: Navigation) -> None:
        for page in navigation.app_pages:
            self.pages[page.url_pathname] = page.page_script_hash
            if page.is_default:
                self.pages[""] = page.page_script_hash

    def take(self, delta: Delta, path: Path) -> None:
        """An element or a container has come to a place."""
        if delta.HasField("add_block"):
            self._containers[path] = _key(delta.add_block.id)
            return
        element = delta.new_element
        kind = element.WhichOneof("type") if delta.HasField("new_element") else None
        self.texts.pop(path, None)
        if kind == "button":
            self.buttons[_key(element.button.id)] = element.button.id
        elif kind == "file_uploader":
            self.uploaders[_key(element.file_uploader.id)] = element.file_uploader.id
        elif kind == "markdown":
            self.texts[path] = element.markdown.body
        elif kind == "heading" and element.heading.tag == "h1":
            self.title = element.heading.body
        elif kind == "imgs":
            name = self._containers.get(path[:-1]) or ".".join(map(str, path))
            for image in element.imgs.imgs:
                if image.url.startswith("/"):
                    self.pictures[name] = image.url


def _key(identifier: str) -> str:
    """The key that a page gave: a widget's id ends with it."""
    return identifier.split("-", 2)[-1]
