"""The labelled images that a model can be measured on, and how well their classes go with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cnnviz.class_maps import ClassMap, read_class_map
from cnnviz.datasets.bundled import DATASETS, class_counts
from cnnviz.datasets.dataset import SPLITS
from cnnviz.datasets.imported import Imported, describe_imported, list_imported
from cnnviz.errors import NotFound
from cnnviz.evaluation.mapping import same_classes
from cnnviz.evaluation.proposing import Proposal, propose
from cnnviz.models.references import ModelReference
from cnnviz.ui import current
from cnnviz.ui.language import LANGUAGES, _, catalogue
from cnnviz.ui.owner import current_owner


@dataclass(frozen=True)
class LabelledSet:
    """A data set next to a model.

    ``title`` is text to show (a person may have typed it). ``class_map`` is what is known about its
    classes: None until the person has confirmed one, and where ``fits``: the same classes in the
    same order need none.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    fits: bool
    proposal: Proposal
    class_map: ClassMap | None

    @property
    def own(self) -> bool:
        """Whether a person brought it."""
        return self.name.startswith("upload:")

    @property
    def ready(self) -> bool:
        """Whether it can be measured on without another question."""
        return self.fits or self.class_map is not None

    @property
    def related(self) -> bool:
        """Whether it is worth asking which class is which: a person's own with any class of the
        model, others where half of their classes are the model's."""
        matched = self.proposal.matched
        return matched > 0 if self.own else 2 * matched >= len(self.class_names)

    def counts(self, split: str) -> tuple[int, ...]:
        """How many images of each class a split has."""
        return _counts(self.name)[split]

    def known_images(self) -> dict[str, int]:
        """Images of classes that the model knows, for every split that has any."""
        known = self.class_map
        found = {
            split: sum(n for i, n in enumerate(counts) if known is None or known[i] is not None)
            for split, counts in _counts(self.name).items()
        }
        return {split: count for split, count in found.items() if count}


def labelled_sets(opened: current.Opened, wanted: str = "") -> dict[str, LabelledSet]:
    """All data sets by name: those that go with the model first, its own before all others.

    ``wanted`` may be somebody else's that a link names.
    """
    owner, card = current_owner(), opened.card
    known = {d.name: (_(d.title), d.class_names) for d in DATASETS.values()}
    own = list_imported(owner)
    if wanted.startswith("upload:") and wanted not in {i.reference for i in own}:
        own += _shared(wanted)
    known |= {i.reference: (i.title, i.class_names) for i in own}
    model = ModelReference.parse(opened.reference).base
    sets = [
        LabelledSet(
            name,
            title,
            names,
            fits := same_classes(names, card.class_names),
            _proposal(names, card.class_names),
            None if fits else read_class_map(owner, model, name, names, card.class_names),
        )
        for name, (title, names) in known.items()
    ]

    def rank(one: LabelledSet) -> tuple:
        chosen = one.name != card.dataset
        return not one.fits, chosen if one.fits else False, not one.ready, not one.related

    return {one.name: one for one in sorted(sets, key=rank)}


def _shared(reference: str) -> list[Imported]:
    try:
        return [describe_imported(reference.removeprefix("upload:"))]
    except NotFound:
        return []


@lru_cache(maxsize=64)
def _counts(name: str) -> dict[str, tuple[int, ...]]:
    if name in DATASETS:
        return {split: tuple(class_counts(name, split).tolist()) for split in SPLITS}
    return describe_imported(name.removeprefix("upload:")).counts


@lru_cache(maxsize=256)
def _proposal(dataset_names: tuple[str, ...], model_names: tuple[str, ...]) -> Proposal:
    """By the model's names in every language of the app: folders are named in the reader's."""
    others = {i: _translations(name) for i, name in enumerate(model_names)}
    return propose(dataset_names, model_names, others)


def _translations(name: str) -> tuple[str, ...]:
    found = [catalogue(language).get(name) for language in LANGUAGES]
    return tuple(text for text in found if isinstance(text, str))
