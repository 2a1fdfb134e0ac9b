"""Which of a model's classes each class of a folder probably is: proposals for a person to confirm.

Only what is safe is proposed: names that are the same word in another spelling, number, language or
numbering. Everything else is left open, with the classes whose names come nearest to choose from.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cnnviz.evaluation.mapping import plain_name

SAME, NEAR, ORDER, OPEN = "same", "near", "order", "open"

_NUMBERED = re.compile(r"^(?:n\d{8}|\d{1,4})[\s._-]+(?=\D)")  # 001.cat, 3_cat, n02123045-tabby
_ALTERNATIVES = re.compile(r"[,;/|]| or ")
_IRREGULAR = {
    "mice": "mouse",
    "geese": "goose",
    "wolves": "wolf",
    "leaves": "leaf",
    "knives": "knife",
    "loaves": "loaf",
    "calves": "calf",
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "teeth": "tooth",
    "oxen": "ox",
}
_SYNONYMS = {
    "car": "automobile",
    "aeroplane": "airplane",
    "lorry": "truck",
    "bike": "bicycle",
    "motorbike": "motorcycle",
    "gray": "grey",
    **{
        word: str(i)
        for i, word in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven"])
    },
    "eight": "8",
    "nine": "9",
}


@dataclass(frozen=True)
class Proposal:
    """For each class of a data set the model's class, None where nothing is proposed.

    ``how`` says for each where the proposal comes from: ``same`` (the same name), ``near`` (the
    same word written otherwise), ``order`` (only the numbering) or ``open`` (none).
    """

    classes: tuple[int | None, ...]
    how: tuple[str, ...]

    @property
    def matched(self) -> int:
        """Classes for which there is a proposal."""
        return sum(c is not None for c in self.classes)


def propose(
    dataset_names: Sequence[str],
    model_names: Sequence[str],
    other_names: Mapping[int, Sequence[str]] | None = None,
) -> Proposal:
    """Propose a class of the model for each class of a data set.

    Args:
        dataset_names: of the data set's classes, in its order.
        model_names: of the model's classes, in its order.
        other_names: more names of the model's classes, such as translations, by number.

    A name that fits several of the model's classes equally well is left open. Where the model's
    classes have no names but numbers, none of the data set's names is found among them, and there
    are as many of both, their order is proposed: Keras numbers folders alphabetically.
    """
    exact: dict[str, set[int]] = {}
    near: dict[str, set[int]] = {}
    for i, name in enumerate(model_names):
        for text in (name, *(other_names or {}).get(i, ())):
            exact.setdefault(plain_name(text), set()).add(i)
            for key in _keys(text):
                near.setdefault(key, set()).add(i)
    classes: list[int | None] = []
    how = []
    for name in dataset_names:
        same = exact.get(plain_name(name), set())
        alike = same or set().union(*(near.get(key, set()) for key in _keys(name)))
        found = next(iter(alike)) if len(alike) == 1 else None
        classes.append(found)
        how.append(OPEN if found is None else SAME if same else NEAR)
    nothing = not any(c is not None for c in classes)
    if nothing and len(dataset_names) == len(model_names) and are_numbers(model_names):
        return Proposal(tuple(range(len(model_names))), (ORDER,) * len(model_names))
    return Proposal(tuple(classes), tuple(how))


def are_numbers(names: Sequence[str]) -> bool:
    """Whether classes are only counted (“class 0”, “class 1”, …) and have no names."""
    stems = {re.sub(r"\d+\s*$", "", name) for name in names}
    numbers = [re.search(r"(\d+)\s*$", name) for name in names]
    if len(stems) != 1 or not all(numbers):
        return False
    counted = [int(found[1]) for found in numbers]
    return counted in (list(range(len(names))), list(range(1, len(names) + 1)))


@lru_cache(maxsize=512)
def nearest(name: str, model_names: tuple[str, ...], count: int = 6) -> tuple[int, ...]:
    """The model's classes whose names come nearest to a name: a shared word first, then spelling.

    Args:
        name: what a person calls it, or searches for.
        model_names: in any language; the answer holds places in it.
        count: at most this many.
    """
    wanted = _keys(name)
    words = {word for key in wanted for word in key.split()}
    folded = name.casefold().strip()
    scored = []
    for i, other in enumerate(model_names):
        keys = _keys(other)
        if wanted & keys:
            score = 3.0
        elif words & {word for key in keys for word in key.split()}:
            score = 2.0
        elif folded and folded in other.casefold():
            score = 1.0
        else:
            continue
        scored.append((-score, len(other), i))
    found = [i for _score, _length, i in sorted(scored)[:count]]
    if len(found) < count:
        spelled = {other.casefold(): i for i, other in reversed(list(enumerate(model_names)))}
        alike = difflib.get_close_matches(folded, list(spelled), count, cutoff=0.75)
        found += [spelled[a] for a in alike if spelled[a] not in found]
    return tuple(found[:count])


@lru_cache(maxsize=8192)
def _keys(name: str) -> frozenset[str]:
    """A name and its alternatives (“tabby, tabby cat”), each as lower-case singular words."""
    name = _NUMBERED.sub("", name.strip())
    parts = [name, *_ALTERNATIVES.split(name)]
    return frozenset(key for part in parts if (key := _words(part)))


def _words(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = re.findall(r"[^\W_]+", plain.replace("'", ""))
    if words:
        words[-1] = _singular(words[-1])
    return _SYNONYMS.get(" ".join(words), " ".join(words))


def _singular(word: str) -> str:
    """An English plural's singular; both sides of a comparison go through it."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
