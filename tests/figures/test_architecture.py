from xml.etree import ElementTree

from cnnviz.figures.architecture import (
    MOST_BLOCKS,
    architecture_svg,
    group_layers,
    group_of,
)
from cnnviz.models.cards import Layer


def deep(blocks=20, each=6):
    layers = [Layer("image", "InputLayer", (64, 64, 3))]
    for block in range(blocks):
        for part in range(each):
            kind = "Conv2D" if part % 2 == 0 else "BatchNormalization"
            name = f"block{1 + block // 4}{'abcd'[block % 4]}_part{part}"
            layers.append(Layer(name, kind, (64 // (1 + block // 4), 64, 8), 10))
    return [*layers, Layer("logits", "Dense", (10,), 100)]


def ids(svg):
    return [e.get("data-id") for e in ElementTree.fromstring(svg).iter() if e.get("data-id")]


def test_small_networks_show_every_layer():
    layers = [Layer("a", "Conv2D", (8, 8, 4)), Layer("b", "ReLU", (8, 8, 4))]
    assert ids(architecture_svg(layers)) == ["layer:a", "layer:b"]


def test_groups_hold_every_layer_once_and_in_order():
    layers = deep()
    groups = group_layers(layers)
    assert len(groups) <= MOST_BLOCKS
    assert [x for g in groups for x in g.layers] == layers
    assert len({g.name for g in groups}) == len(groups)
    assert sum(g.parameters for g in groups) == sum(x.parameters for x in layers)


def test_a_deep_network_without_telling_names_is_grouped_by_size():
    sides = [64 >> (i // 20) for i in range(80)]
    layers = [Layer(f"conv2d_{i}", "Conv2D", (s, s, 8)) for i, s in enumerate(sides)]
    groups = group_layers(layers)
    assert [len(g.layers) for g in groups] == [20, 20, 20, 20]


def test_choosing_a_group_or_a_layer_in_it_opens_it():
    layers = deep()
    group = group_layers(layers)[1]
    closed = ids(architecture_svg(layers))
    assert f"group:{group.name}" in closed and f"layer:{group.layers[0].name}" not in closed
    for svg in (
        architecture_svg(layers, expanded={group.name}),
        architecture_svg(layers, selected=group.layers[3].name),
    ):
        assert {f"layer:{x.name}" for x in group.layers} <= set(ids(svg))
    assert group_of(group_layers(layers), group.layers[2].name) == group


def test_the_selected_layer_is_marked_once():
    svg = architecture_svg(deep(1), selected="block1a_part0")
    marked = [e for e in ElementTree.fromstring(svg).iter() if e.get("data-selected")]
    assert [e.get("data-id") for e in marked] == ["layer:block1a_part0"]


def test_names_from_strangers_stay_text():
    name = '<script>alert("x")</script>'
    svg = architecture_svg([Layer(name, "Conv2D", (4, 4, 2), 7)], parameters="{count} <i>")
    tags = {e.tag.rpartition("}")[2] for e in ElementTree.fromstring(svg).iter()}
    assert tags == {"svg", "g", "title", "path", "rect", "text"}
    assert ids(svg) == [f"layer:{name}"]


def test_boxes_shrink_with_the_maps_and_grow_with_the_channels():
    layers = [Layer("a", "Conv2D", (32, 32, 8)), Layer("b", "Conv2D", (8, 8, 64))]
    blocks = [
        next(e for e in g if e.tag.endswith("rect") and e.get("fill") != "transparent")
        for g in ElementTree.fromstring(architecture_svg(layers))
    ]
    (h1, w1), (h2, w2) = ((float(b.get("height")), float(b.get("width"))) for b in blocks)
    assert h1 > h2 and w1 < w2
