from tests.pages.test_one_image import DIGITS, clean


def test_real_pieces_come_first_and_pictures_when_asked_for(open_page):
    at = clean(open_page("filters", model=DIGITS, layer="conv_1"))
    captions = [c.value for c in at.caption]
    assert any(c.startswith("The piece of a real image") and "2,000" in c for c in captions)
    assert any("not drawn yet" in m.value for m in at.markdown)
    clean(at.button(key="draw-filters").click().run())
    assert any(c.value.startswith("Above: made for the channel.") for c in at.caption)
    assert not any("not drawn yet" in m.value for m in at.markdown)


def test_ways_of_drawing_are_compared_when_asked_for(open_page):
    at = clean(open_page("filters", model=DIGITS, layer="relu_2", channel="3"))
    assert "channel 3" in at.button(key="compare-ways").label
    at = clean(at.button(key="compare-ways").click().run(timeout=120))
    names = [m.value for m in at.markdown]
    for title in ("Pixel by pixel", "As waves, shaken", "One neuron", "The whole layer"):
        assert f"**{title}**" in names
    assert not any(b.key == "compare-ways" for b in at.button)
