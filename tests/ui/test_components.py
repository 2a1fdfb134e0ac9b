"""What the components send to the browser and take from it; the browser itself is elsewhere."""

import base64
import json

import numpy as np
import pytest

from cnnviz.errors import BadInput
from cnnviz.figures.atlas import Atlas
from cnnviz.figures.tiles import Geometry, Sprite, image_sprite
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
    assert clicked == scatter.ScatterClick(3)
    shown = sent_points(browser.sent)
    # One scale for both axes: distances keep their ratios.
    ratio = np.ptp(points[:, 0])
    np.testing.assert_allclose(shown - shown[0], (points - points[0]) / ratio, atol=3e-5)
    np.testing.assert_allclose(browser.sent["extent"], np.ptp(points, axis=0) / ratio, atol=1e-6)
    assert shown.min() >= 0 and shown.max() <= 1
    assert np.frombuffer(base64.b64decode(browser.sent["labels"]), "<u2").tolist() == list(labels)


def test_scatter_places_own_points_on_the_same_scale_with_lines_to_neighbours(mount):
    browser = mount(scatter)
    points = np.array([[0.0, 0.0], [4.0, 4.0]])
    own = [(8.0, 2.0, "mine"), (4.0, 4.0, "yours")]
    scatter.scatter(points, np.zeros(2), ["a"], ["#000000"], key="s", own=own, own_links=[[1, 0]])
    mine, yours = browser.sent["own"]
    shown = sent_points(browser.sent)
    np.testing.assert_allclose(np.array(mine["at"]) / 65535 - shown[0], [1.0, 0.25], atol=3e-5)
    np.testing.assert_allclose(np.array(yours["at"]) / 65535, shown[1])
    assert (mine["name"], mine["links"], yours["links"]) == ("mine", [1, 0], [])


def test_scatter_takes_from_the_browser_only_points_that_there_are(mount):
    def asked(**answer):
        mount(scatter, **answer)
        return scatter.scatter(np.eye(2), np.zeros(2), ["a"], ["#000000"], key="s", lasso=True)

    assert asked(lasso=[1, 0, 1, 7, -1, "0", None, True]).lasso.tolist() == [0, 1]
    assert asked(lasso=[]).lasso.tolist() == []
    for nonsense in (None, "01", {"0": 1}, 3):
        assert asked(lasso=nonsense).lasso is None
    for nonsense in (2, -1, "1", 0.5, True, [0]):
        assert asked(clicked=nonsense).clicked is None


def test_scatter_colours_by_a_number_and_says_what_is_not_known(mount):
    browser = mount(scatter)
    values = np.array([0.0, 0.5, 1.0, np.nan, 7.0])
    scatter.scatter(
        np.zeros((5, 2)), np.zeros(5), ["a"], ["#000000"], key="s", colour_values=values
    )
    sent = np.frombuffer(base64.b64decode(browser.sent["values"]), np.uint8)
    levels = browser.sent["scale"]["levels"]
    assert sent.tolist() == [0, round((levels - 1) / 2), levels - 1, levels, levels - 1]


def test_a_background_covers_the_square_around_the_points(mount):
    browser = mount(scatter)
    points = np.array([[0.0, 0.0], [4.0, 2.0]])
    cells = np.array([[0, 255], [1, 255]], np.uint8)
    asked = {"key": "s", "background": cells}
    scatter.scatter(points, np.zeros(2), ["a", "b"], ["#000000"] * 2, **asked)
    assert scatter.bounding_square(points) == (0.0, -1.0, 4.0)
    assert browser.sent["square"] == [0, 0, 1]
    assert browser.sent["background"]["side"] == 2
    assert base64.b64decode(browser.sent["background"]["cells"]) == cells.tobytes()
    # an own point beyond them makes the map larger, not what lies behind the points
    scatter.scatter(
        points, np.zeros(2), ["a", "b"], ["#000000"] * 2, own=[(8.0, 1.0, "mine")], **asked
    )
    np.testing.assert_allclose(browser.sent["square"], [0, 0.25, 0.5])
    with pytest.raises(ValueError):
        scatter.scatter(points, np.zeros(2), ["a"], ["#000000"], key="s", background=np.eye(3))


def test_scatter_survives_points_that_are_all_the_same(mount):
    browser = mount(scatter)
    scatter.scatter(np.ones((5, 2)), np.zeros(5), ["a"], ["#000000"], key="s")
    assert np.isfinite(sent_points(browser.sent)).all()


def test_ten_thousand_points_with_everything_are_a_small_message(mount):
    browser = mount(scatter)
    rng = np.random.default_rng(0)
    count, names = 10_000, [f"class {c}" for c in range(10)]
    labels, predicted = rng.integers(0, 10, (2, count))
    sheets = (Sprite(b"RIFF", Geometry(4096, 64, 32, 32, 0)),) * 2
    scatter.scatter(
        rng.normal(size=(count, 2)),
        labels,
        names,
        ["#3f90da"] * 10,
        key="s",
        predicted=predicted,
        sprite=Atlas(sheets, count),
        groups=scatter.right_or_wrong(labels, predicted),
        colour_values=rng.random(count),
        background=rng.integers(0, 10, (96, 96)).astype(np.uint8),
        chosen=np.arange(count),
    )
    size = len(json.dumps(browser.sent))
    print(f"message of {count:,} points: {size / 1e6:.2f} MB")
    assert size < 300_000
    assert [s["columns"] for s in browser.sent["sprite"]["sheets"]] == [64, 64]


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
