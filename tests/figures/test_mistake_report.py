"""A report of mistakes is one file that asks for nothing and runs nothing."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np

from cnnviz import images
from cnnviz.figures.mistake_report import Reason, Report, Shown, Vote, html

EVIL = '<script>alert(1)</script><img src="https://example.org/x" onerror=alert(2)>"&\''
PNG = images.encode_png(np.zeros((4, 4, 1), np.uint8))


def report(names=("cat", "dog"), text="words") -> Report:
    counts = np.diag([90] * len(names))
    counts[0, 1] = 10
    return Report(
        "en", text, text, [(text, text)], text, text, counts, names, [text], text, text,
        [Reason(text, text, (PNG,))], text, text,
        [
            Shown(text, text, PNG, ((text, PNG),), (Vote(text, 0.9, text, "called", text),),
                  text, text, text)
        ],
        text,
    )  # fmt: skip


class Reader(HTMLParser):
    """Notes down every tag and attribute."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_it_asks_for_nothing_and_runs_nothing():
    seen = Reader(html(report()))
    assert {tag for tag, _ in seen.tags}.isdisjoint({"script", "link", "iframe", "object", "base"})
    pictures = [a["src"] for tag, a in seen.tags if tag == "img"]
    assert len(pictures) == 3 and all(p.startswith("data:image/png;base64,") for p in pictures)
    assert not any(name.startswith("on") for _, a in seen.tags for name in a)
    style = next(a for tag, a in seen.tags if a.get("http-equiv"))
    assert style["http-equiv"] == "Content-Security-Policy"
    assert "default-src 'none'" in style["content"]
    assert "url(" not in html(report()) and "@import" not in html(report())


def test_whatever_people_typed_is_text():
    page = html(report((EVIL, "dog"), EVIL))
    seen = Reader(page)
    plain = Reader(html(report()))
    assert [tag for tag, _ in seen.tags] == [tag for tag, _ in plain.tags]
    assert not any(name.startswith("on") for _, a in seen.tags for name in a)
    assert "<script>alert(1)</script>" in seen.text  # shown as itself


def test_the_matrix_has_its_counts_and_the_deepest_red_where_it_errs_most():
    page = html(report(("cat", "dog", "cow")))
    cells = [a for tag, a in Reader(page).tags if tag == "td" and a.get("class")]
    assert len(cells) == 9
    assert cells[1] == {"class": "wrong", "style": "--a:0.80"}
    assert cells[2] == {"class": "wrong"}  # nothing there
    assert cells[4] == {"class": "right", "style": "--a:0.80"}


def test_a_thousand_classes_are_a_list_of_pairs():
    names = tuple(f"class {i}" for i in range(1000))
    page = html(report(names))
    assert "<table>" not in page and "<ol><li>words</li></ol>" in page
    assert len(page) < 20_000
