"""What the page of heatmaps says about its pictures."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.datasets.image_references import Picture
from cnnviz.explanation.catalogue import Method
from cnnviz.models.cards import Card
from cnnviz.ui.heatmap_choices import Choices
from cnnviz.ui.heatmap_panels import Panel
from cnnviz.ui.language import _, percent
from cnnviz.ui.plain_text import plain
from cnnviz.ui.vote_words import share_in_words

_FEW = 20  # up to so many classes a stranger's image is likely to be none of them


def how_to_read(choices: Choices, card: Card) -> str:
    """The sentence under the page's title."""
    if choices.view == "methods":
        return _(
            "The same answer, asked for in several ways. Where they agree, you can trust the "
            "picture sooner."
        )
    if choices.view == "layers":
        return _(
            "The same question to several layers, from coarse to fine. Late layers know what "
            "things are and see coarsely; early layers see finely and know only edges and colours."
        )
    if choices.view == "patch":
        return _(
            "Drag the patch over the image: what it covers is missing from the vote. Where the "
            "vote falls, the network needed what was there."
        )
    told = choices.method.is_signed(True) and not choices.method.pixel_sign
    if choices.against is not None and told:
        rival = class_name(card, choices.against)
        return _(
            "**Red** spoke for the class named above the picture, **blue** for {rival}."
        ).format(rival=rival)
    if choices.method.name == "grad_cam":
        return _(
            "Bright areas spoke **for** the class named above the picture (Grad-CAM); where the "
            "photo looks as usual, nothing did. The share is the part of the network's vote that "
            "the class got."
        )
    return _("**{title}.** {text}").format(
        title=_(choices.method.title), text=_(choices.method.reading)
    )


def kind(method: Method) -> str:
    """What a method tells of: regions, pixels, or covered parts."""
    return {"cam": _("Regions"), "pixels": _("Pixels")}.get(method.kind, _("Covering parts"))


def question(method: Method) -> str:
    """A method as it is offered: its kind, the plain question, the technical name."""
    return _("{kind}: {question} ({name})").format(
        kind=kind(method), question=_(method.question), name=_(method.title)
    )


def title(panel: Panel, choices: Choices, card: Card) -> str:
    """What stands above a picture: what tells it from the others."""
    if choices.view == "methods":
        return _(panel.method.title)
    if choices.view == "layers" and panel.layer:
        return _("{height} × {width} fields").format(
            height=card.layer(panel.layer).output_shape[0],
            width=card.layer(panel.layer).output_shape[1],
        )
    if panel.method.class_blind:
        return _("whatever the class")
    return class_name(card, panel.target)


def subtitle(panel: Panel, choices: Choices, card: Card) -> str:
    """The line between title and picture, in Markdown."""
    if choices.view == "methods":
        return _(panel.method.question)
    if choices.view == "layers" and panel.layer:
        return plain(panel.layer)
    if panel.method.class_blind:
        return _("the strongest pattern of the layer")
    share = share_in_words(card, panel.share, bold=True)
    if panel.against is not None:
        name = class_name(card, panel.against)
        return _("rather than **{name}** · {share}").format(name=name, share=share)
    return share


def target(panel: Panel, card: Card) -> str:
    """The class that a panel explains, as it is; not for Markdown."""
    return _(card.class_names[panel.target])


def class_name(card: Card, number: int) -> str:
    """A class, in Markdown: somebody may have typed its name."""
    return plain(_(card.class_names[number]))


def explained(panels: Sequence[Panel], card: Card) -> str:
    """Which class the pictures are about, where they are all about one; in Markdown."""
    panel = panels[0]
    if all(panel.method.class_blind for panel in panels):
        return _(panel.method.question)
    name = f"**{class_name(card, panel.target)}**"
    if panel.against is not None:
        rival = f"**{class_name(card, panel.against)}**"
        return _("Why {name} rather than {rival}?").format(name=name, rival=rival)
    share = share_in_words(card, panel.share)
    return _("What spoke for {name}, which got {share}?").format(name=name, share=share)


def image_title(picture: Picture) -> str:
    """The image's title, with its label where it has one."""
    parts = [_(picture.title), _(picture.label) if picture.label else ""]
    return " · ".join(part for part in parts if part)


def ends(panel: Panel, card: Card) -> tuple[str, str, str]:
    """The low end, the middle and the high end of a panel's colour scale."""
    if panel.method.pixel_sign:
        return _("would lower it"), _("nothing"), _("would raise it")
    if panel.against is not None and panel.signed:
        rival = _(card.class_names[panel.against])
        return _("for {name}").format(name=rival), _("neither"), _("for the class above")
    if panel.method.name == "occlusion":
        return _("in the way"), _("made no difference"), _("was needed")
    if panel.signed:
        return _("spoke against it"), _("nothing"), _("spoke for it")
    if panel.method.class_blind:
        return _("nothing"), "", _("stands out most")
    if panel.method.kind == "pixels":
        return _("changes nothing"), "", _("changes the answer most")
    return _("nothing"), "", _("spoke most strongly for it")


def about(panel: Panel, card: Card) -> list[str]:
    """What has to be said about one picture."""
    said = []
    if panel.problem:
        return [panel.problem]
    if not panel.positive:
        name = class_name(card, panel.target)
        if panel.against is None:
            said.append(_("Nothing in this image spoke for {name}.").format(name=name))
        else:
            rival = class_name(card, panel.against)
            said.append(
                _("Nothing in this image spoke for {name} rather than {rival}.").format(
                    name=name, rival=rival
                )
            )
    return said


def notes(panels: Sequence[Panel], choices: Choices, card: Card, *, whole: bool) -> list[str]:
    """What has to be said about all pictures together, as small print."""
    shown = [panel for panel in panels if not panel.problem]
    said = []
    if len(shown) > 1:
        said.append(
            _("All heatmaps have the same scale, so their strengths compare.")
            if choices.shared and choices.view != "methods"
            else _("Each heatmap has its own scale: its strongest place has the strongest colour.")
        )
    if any(panel.fine for panel in shown):
        said.append(_("In fine maps, the strongest half percent share the strongest colour."))
    if any(panel.method.class_blind for panel in shown):
        said.append(_("Eigen-CAM ignores the class: the map would be the same for all of them."))
    said += [_completeness(p, card) for p in shown if "completeness_error" in p.details]
    said += [_used_again(card, name) for name in _layers_used_again(shown, card)]
    if not whole:
        said.append(_("The network saw only the part of the photo inside the frame."))
    if not card.heatmap_layer:
        said.append(
            _("This network has no layer that keeps where things are, so there are no heatmaps of "
              "regions. Single pixels and covered parts can be shown for every network.")
        )  # fmt: skip
    return said


def warning_of(picture: Picture, card: Card) -> str | None:
    """What to know before believing an answer about an image that is none of the model's own."""
    count = len(card.class_names)
    if count > _FEW or (card.dataset and picture.reference.startswith(f"data:{card.dataset}/")):
        return None
    if card.dataset == "mnist":
        return _("This network only knows ten digits and must choose one of them.")
    if card.answers == "several":
        return _("This network only knows {count} classes ({names}).").format(
            count=count, names=_(", ").join(plain(_(name)) for name in card.class_names)
        )
    return _(
        "This network only knows {count} classes ({names}) and must choose one of them."
    ).format(count=count, names=_(", ").join(plain(_(name)) for name in card.class_names))


def _completeness(panel: Panel, card: Card) -> str:
    """The error of Integrated Gradients in words."""
    error = panel.details["completeness_error"]
    name = class_name(card, panel.target)
    if error < 0.01:
        return _(
            "{name}: the pixels together make up the gain in score, with an error of {error}."
        ).format(name=name, error=percent(error, 1))
    return _(
        "{name}: the pixels together miss the gain in score by {error}, so read the strengths "
        "with care."
    ).format(name=name, error=percent(error, 1))


def _layers_used_again(panels: Sequence[Panel], card: Card) -> list[str]:
    names = dict.fromkeys(panel.layer for panel in panels if panel.layer)
    return [name for name in names if card.layer(name).uses > 1]


def _used_again(card: Card, name: str) -> str:
    return _("The image passes the layer {layer} {count} times; the last time is shown.").format(
        layer=plain(name), count=card.layer(name).uses
    )
