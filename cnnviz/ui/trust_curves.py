"""Take pixels away in the heatmap's order, and watch the image and the vote."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.explanation.measures import MEASURES
from cnnviz.explanation.removal import first_pixels, replaced
from cnnviz.explanation.trust_results import Faithfulness, area
from cnnviz.figures import overlays, trust
from cnnviz.ui import address
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import chart, is_dark, show_png
from cnnviz.ui.questions import ask
from cnnviz.ui.trust_subject import Subject

_FIFTH = 0.2
_STARTS = {"deletion": 20, "insertion": 20, "road": 30}  # percent of the pixels


def draw(subject: Subject) -> None:
    """The conclusion, the image with a slider beside the curves, and all numbers."""
    answer = ask("trust_curves", waiting=_("Taking pixels away …"), **subject.parameters)
    found = Faithfulness.from_message(answer)
    st.markdown(f"#### {conclusion(found, subject)}")
    if found.verdict() == "empty":
        return
    ways = {
        "deletion": _("Remove the brightest"),
        "insertion": _("Bring the brightest back"),
        "road": _("Make up the brightest"),
    }
    way = address.widget(
        st.segmented_control,
        _("What happens to the pixels"),
        list(ways),
        "trust_way",
        "deletion",
        format_func=ways.__getitem__,
        label_visibility="collapsed",
    )
    shares = found.road_shares if way == "road" else found.shares
    at = _slider(way, shares)
    own, chance, other = _curves(found, way)
    left, right = st.columns([1, 1.7], gap="large")
    with left:
        show_png(
            images.encode_png(overlays.enlarged(_picture(answer, found, way, at))),
            alt=_("The image with {share} of its pixels changed").format(share=percent(shares[at])),
            key="trust-image",
        )
        st.markdown(
            "### "
            + _("{name}: {share}").format(
                name=subject.class_name(int(found.targets[0])), share=subject.vote(float(own[at]))
            )
        )
        st.caption(_meaning(way))
    with right:
        chart(
            trust.removal_curves(
                shares,
                own,
                chance,
                at,
                names=(_("this heatmap"), _("random maps")),
                titles=(_axis(way), _("vote")),
                label=percent(float(own[at])),
                other=other,
                other_name=_("the darkest first"),
                dark=is_dark(),
            ),
            key="trust-curves",
            alt=_("The vote for the class over the share of pixels"),
        )
    _numbers(found)


def conclusion(found: Faithfulness, subject: Subject) -> str:
    """What the curves say, in one or two sentences."""
    name = subject.class_name(int(found.targets[0]))
    verdict = found.verdict()
    if verdict == "empty":
        return _(
            "Nothing in this image spoke for {name}, so the heatmap points nowhere and there is "
            "nothing to test."
        ).format(name=name)
    if verdict == "little":
        return _(
            "The network gives {name} only {share}: too little for the removal of pixels to tell "
            "anything. Choose a class with a larger vote."
        ).format(name=name, share=subject.vote(float(found.votes[0])))
    if verdict == "unmoved":
        return _(
            "The vote for {name} stays the same, whichever pixels are removed: the network does "
            "not look at them, and no heatmap can be right or wrong."
        ).format(name=name)
    at = int(np.abs(found.shares - _FIFTH).argmin())
    first = _(
        "Removing the brightest fifth took the vote for {name} from {before} to {after}; a random "
        "fifth, in pieces of the same size, to {chance}."
    ).format(
        name=name,
        before=percent(float(found.votes[0])),
        after=percent(float(found.deletion[0, at])),
        chance=percent(float(found.random_deletion[0, :, at].mean())),
    )
    randoms, beaten = found.random_deletion.shape[1], int(found.beaten[0])
    if verdict == "points":
        second = _(
            "Over all steps, the heatmap did better than each of {count} random maps: it points at "
            "what the network used."
        )
    elif verdict == "misleads":
        second = _(
            "Over all steps, the heatmap did worse than each of {count} random maps: it does not "
            "show what the network used."
        )
    else:
        second = _(
            "Over all steps, the heatmap did better than {beaten} of {count} random maps. Chance "
            "alone does as well in {share} of all cases."
        )
    by_chance = percent((randoms - beaten + 1) / (randoms + 1))
    return f"{first} {second.format(count=randoms, beaten=beaten, share=by_chance)}"


def _curves(found: Faithfulness, way: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The heatmap's own curve, those of random maps, and for ROAD that of the opposite order."""
    if way == "road":
        return found.road_most[0], found.road_random[0], found.road_least[0]
    if way == "insertion":
        return found.insertion[0], found.random_insertion[0], None
    return found.deletion[0], found.random_deletion[0], None


def _slider(way: str, shares: np.ndarray) -> int:
    """The place in ``shares`` that the person chose; kept in the address as percent."""
    percents = [round(100 * share) for share in shares]
    wanted = address.number(f"trust_{way}", _STARTS[way], 0, 100)
    nearest = min(percents, key=lambda p: abs(p - wanted))
    key = f"choice-trust-{way}"
    st.session_state[key] = nearest
    st.select_slider(
        _axis(way),
        percents,
        key=key,
        format_func=lambda p: percent(p / 100),
        on_change=lambda: address.choose(f"trust_{way}", str(st.session_state[key])),
    )
    return percents.index(nearest)


def _picture(answer: dict, found: Faithfulness, way: str, at: int) -> np.ndarray:
    if way == "road":
        return answer["made_up"][at]
    chosen = first_pixels(found.orders[0], found.shares[at], answer["seen"].shape[:2])
    if way == "insertion":
        return replaced(answer["blurred"], chosen, answer["seen"])
    return replaced(answer["seen"], chosen, answer["mean"])


def _axis(way: str) -> str:
    if way == "insertion":
        return _("Share of the pixels brought back")
    return _("Share of the pixels removed")


def _meaning(way: str) -> str:
    return {
        "deletion": _(
            "Removed pixels get the image's mean colour. The sooner the vote falls, the better "
            "the heatmap."
        ),
        "insertion": _(
            "It begins with the image blurred beyond recognition. The sooner the vote rises, the "
            "better the heatmap."
        ),
        "road": _(
            "Removed pixels are made up from their neighbours (ROAD), so that the hole itself "
            "says nothing. The larger the gap between brightest and darkest first, the better the "
            "heatmap."
        ),
    }[way]


def _numbers(found: Faithfulness) -> None:
    """All measures of this image, as a table that is opened on request."""
    chance = {
        "deletion": area(found.random_deletion, found.shares).mean(),
        "insertion": area(found.random_insertion, found.shares).mean(),
        "road": 0.0,  # random maps and their opposites are alike
    }
    rows = [f"| {_('Measure')} | {_('this heatmap')} | {_('random maps')} | |", "|---|--:|--:|---|"]
    for name, measure in MEASURES.items():
        if name == "average_increase":  # of one image it is yes or no, and says what the drop says
            continue
        own = float(found.measure(name)[0])
        other = f"{chance[name]:.2f}" if name in chance else "–"
        better = _("higher is better") if measure.higher_is_better else _("lower is better")
        rows.append(f"| **{_(measure.title)}** | {own:.2f} | {other} | {better} |")
    with st.popover(_("All numbers"), icon=":material/table:"):
        st.markdown("\n".join(rows))
        st.caption(
            _("1.00 is the whole vote. Deletion and insertion are areas under their curves.")
        )
