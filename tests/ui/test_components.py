"""What the components send to the browser and take from it; the browser itself is elsewhere."""

import base64

import numpy as np
import pytest

from cnnviz.errors import BadInput
from cnnviz.figures.tiles import image_sprite
from cnnviz.ui.components import base, draw, drawing, flow, grid, matrix, paste, scatter


class Mount:
    """Stands in for the browser: keeps what was sent and answers a click."""

    def __init__(self, **answer):
        self.answer, self.sent = answer, None

    def __call__(self, *, key, data, **callbacks):
        self.sent = data
        events = {name[3:-7] for name in callbacks}
        assert set(self.answer) <= events
        return type("Result", (), {**dict.fromkeys(events), **self.answer})()


@pytest.fixture
def mount(monkeypatch):
    def put(module, **answer):
        stand_in = Mount(**answer)
        monkeypatch.setattr(module, "_mount", stand_in)
        return stand_in

    return put


def data_address(data: bytes, kind="image/png") -> str:
    return f"data:{kind};base64," + base64.b64encode(data).decode()


def test_images_from_the_browser_are_their_bytes():
    assert base.unpacked_image(data_address(b"\x89PNG123")) == b"\x89PNG123"
    assert base.unpacked_image(None) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/x.png",
        "data:text/html;base64,AAAA",
        "data:image/png;base64,?!",
        "data:image/png,AAAA",
        data_address(b"x" * 1000),
    ],
)
def test_anything_else_from_the_browser_is_refused(address):
    with pytest.raises(BadInput):
        base.unpacked_image(address, largest=500)


def test_packed_numbers_are_little_endian():
    assert base64.b64decode(base.packed(np.array([1, 258]), np.uint16)) == b"\x01\x00\x02\x01"


def test_small_images_travel_inside_the_message():
    assert base.picture(b"\x89PNG", "k").startswith("data:image/png;base64,")
    assert base.picture(b"\xff\xd8", "k").startswith("data:image/jpeg;base64,")


def sent_points(data):
    return np.frombuffer(base64.b64decode(data["points"]), "<u2").reshape(-1, 2) / 65535


def test_scatter_keeps_shape_and_order_of_the_map(mount):
    browser = mount(scatter, clicked=3)
    points = np.random.default_rng(0).normal(size=(50, 2)) * [9, 2] + [100, -5]
    labels = np.arange(50) % 3
    clicked = scatter.scatter(points, labels, list("abc"), ["#000000"] * 3, key="s")
    assert clicked == 3
    shown = sent_points(browser.sent)
    # One scale for both axes: distances keep their ratios.
    ratio = np.ptp(points[:, 0])
    np.testing.assert_allclose(shown - shown[0], (points - points[0]) / ratio, atol=3e-5)
    np.testing.assert_allclose(browser.sent["extent"], np.ptp(points, axis=0) / ratio, atol=1e-6)
    assert shown.min() >= 0 and shown.max() <= 1
    assert np.frombuffer(base64.b64decode(browser.sent["labels"]), "<u2").tolist() == list(labels)


def test_scatter_places_the_own_image_on_the_same_scale(mount):
    browser = mount(scatter)
    points = np.array([[0.0, 0.0], [4.0, 4.0]])
    scatter.scatter(points, np.zeros(2), ["a"], ["#000000"], key="s", own=(8.0, 2.0))
    own = np.array(browser.sent["own"]) / 65535
    shown = sent_points(browser.sent)
    np.testing.assert_allclose(own - shown[0], [1.0, 0.25], atol=3e-5)


def test_scatter_survives_points_that_are_all_the_same(mount):
    browser = mount(scatter)
    scatter.scatter(np.ones((5, 2)), np.zeros(5), ["a"], ["#000000"], key="s")
    assert np.isfinite(sent_points(browser.sent)).all()


def test_ten_thousand_points_are_a_small_message(mount):
    import json

    browser = mount(scatter)
    points = np.random.default_rng(0).normal(size=(10_000, 2))
    labels = np.zeros(10_000)
    scatter.scatter(points, labels, ["a"], ["#000000"], key="s", predicted=labels)
    assert len(json.dumps(browser.sent)) < 120_000


def test_matrix_returns_the_cell(mount):
    browser = mount(matrix, clicked=[2, 0])
    confusion = np.arange(9, dtype=np.int64).reshape(3, 3)
    assert matrix.matrix(confusion, list("abc"), key="m") == (2, 0)
    assert browser.sent["cells"] == confusion.tolist()


def test_grid_returns_the_tile_and_says_which_are_dead(mount):
    browser = mount(grid, clicked=0)
    sprite = image_sprite(np.zeros((4, 8, 8, 1), np.uint8))
    clicked = grid.grid(sprite, key="g", dead=[False, True, False, True], captions=["a\nb"] * 4)
    assert clicked == 0
    assert browser.sent["dead"] == [1, 3]
    assert browser.sent["captions"][0] == ["a", "b"]
    mount(grid)
    assert grid.grid(sprite, key="g") is None


def test_flow_says_what_was_clicked_and_scales_bars_to_the_largest(mount):
    click = {"kind": "tile", "layer": "conv", "channel": 5}
    browser = mount(flow, clicked=click)
    clicked = flow.flow(
        b"\x89PNG",
        [flow.Column("conv", [flow.Tile(5, b"\x89PNG", "channel 5")], "8×8\n4 channels")],
        b"\x89PNG",
        [flow.Answer(1, "cat", 0.5, "50 %"), flow.Answer(0, "dog", 0.25, "25 %")],
        key="f",
    )
    assert clicked == click
    assert [a["bar"] for a in browser.sent["answers"]] == [1.0, 0.5]
    assert browser.sent["columns"][0]["caption"] == ["8×8", "4 channels"]


def test_drawing_drawn_and_pasted_images_come_back(mount):
    mount(drawing, clicked="layer:a/b")
    assert drawing.drawing("<svg/>", key="d") == "layer:a/b"
    mount(draw, drawn=data_address(b"\x89PNG1"))
    assert draw.draw(key="d") == b"\x89PNG1"
    mount(paste, pasted=data_address(b"\xff\xd8", "image/jpeg"))
    assert paste.paste(key="p") == b"\xff\xd8"
    mount(paste)
    assert paste.paste(key="p") is None


def test_scripts_bring_nothing_from_elsewhere_and_write_no_markup():
    folder = base._FOLDER
    scripts = list(folder.glob("*.js"))
    assert len(scripts) >= 9
    for path in [*scripts, *folder.glob("*.css")]:
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        for forbidden in ("http:", "https:", "import ", "@import", "innerHTML", "eval(", "url("):
            assert forbidden not in text, (path.name, forbidden)
