"""The confusion matrix in words: what is mixed up, which way, and which class draws mistakes."""

from __future__ import annotations

import streamlit as st

from cnnviz.evaluation.results import Evaluation
from cnnviz.evaluation.story import MixUp, Story, tell
from cnnviz.ui.evaluation_matrix import open_mistakes
from cnnviz.ui.language import _, n_, percent
from cnnviz.ui.plain_text import plain


def draw(found: Evaluation, names: list[str]) -> None:
    """The story beside the matrix, each part with a way to its images."""
    story = tell(found.confusion)
    titles = [plain(name) for name in names]
    if not story.mix_ups:
        st.markdown(_("**It made no mistake** on these images."))
        return
    st.subheader(_("What it mixes up"), anchor=False)
    for place, one in enumerate(story.mix_ups):
        st.markdown(mix_up_in_words(one, titles))
        with st.container(horizontal=True, gap="small"):
            for true, called, count in (
                (one.true, one.called, one.count),
                (one.called, one.true, one.back),
            ):
                if count and st.button(
                    _("{true} → {called}: {count}").format(
                        true=titles[true], called=titles[called], count=f"{count:,}"
                    ),
                    key=f"story-{place}-{true}",
                    icon=":material/image_search:",
                ):
                    open_mistakes(true, called)
    for sentence in sentences(story, titles):
        st.markdown(sentence)


def mix_up_in_words(one: MixUp, names: list[str]) -> str:
    """Which class is taken for which, in which direction, and how often."""
    places = {
        "true": names[one.true],
        "called": names[one.called],
        "share": percent(one.share, 1),
        "back": percent(one.back_share, 1),
    }
    if one.both_ways:
        return _(
            "**“{true}” and “{called}”, both ways:** {share} of the one were called the other, and "
            "{back} the other way round."
        ).format(**places)
    if one.back:
        return _(
            "**“{true}” is taken for “{called}”:** {share} of its images. The other way round it "
            "is rare ({back})."
        ).format(**places)
    return _(
        "**“{true}” is taken for “{called}”:** {share} of its images, and never the other way "
        "round."
    ).format(**places)


def sentences(story: Story, names: list[str]) -> list[str]:
    """Best and worst class, classes that attract wrong answers, how mistakes are spread."""
    told = []
    if story.best and story.worst and story.best[1] > story.worst[1]:
        told.append(
            _(
                "It recognises **“{best}”** best ({best_share} of its images) and **“{worst}”** "
                "worst ({worst_share})."
            ).format(
                best=names[story.best[0]],
                best_share=percent(story.best[1], 1),
                worst=names[story.worst[0]],
                worst_share=percent(story.worst[1], 1),
            )
        )
    told += [
        _(
            "**“{name}” attracts wrong answers:** {share} of all mistakes are images that it took "
            "for this class ({images})."
        ).format(
            name=names[lure.place],
            share=percent(lure.share),
            images=n_("{count} image", "{count} images", lure.count),
        )
        for lure in story.lures[:2]
    ]
    if story.kinds >= 4 * story.few:
        told.append(
            _("Half of all mistakes are of only {few}, out of {kinds} that occur.").format(
                few=n_("{count} kind", "{count} kinds", story.few), kinds=f"{story.kinds:,}"
            )
        )
    return told
