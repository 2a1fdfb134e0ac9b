"""Does a heatmap point at what the network used? Take its pixels away and watch the vote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from cnnviz.errors import BadInput
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.imputation import noisy_linear
from cnnviz.explanation.perturbing import baseline
from cnnviz.explanation.removal import first_pixels, random_heat, ranking, replaced
from cnnviz.explanation.results import Explanation, enlarge
from cnnviz.explanation.scoring import NONE, compiled_scores
from cnnviz.explanation.task import Report
from cnnviz.explanation.trust_results import Faithfulness
from cnnviz.inference.layers import as_batch
from cnnviz.models.batching import images_at_once
from cnnviz.models.model import Model, load_model
from cnnviz.texts import N_

REMOVING = N_("Taking pixels away")
STEPS, FEWEST_STEPS, MOST_STEPS = 20, 10, 100
RANDOMS, MOST_RANDOMS = 19, 99  # better than all 19 is chance once in twenty
ROAD_SHARES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)
_ROAD_RANDOMS = 2  # making up pixels takes longer than showing them


class Trial:
    """One image before a network whose vote for one class is watched.

    Args:
        model: the network.
        image: (h, w, c) float32 raw 0–255 at its input size.
        target: the class.
        against: the class it is held against, or ``scoring.NONE``. The vote is then the target's
            share of both votes, the sigmoid of the difference of their scores.
        check_cancelled: called before every batch; ends the work by raising.
    """

    def __init__(
        self,
        model: Model,
        image: np.ndarray,
        target: int,
        against: int = NONE,
        check_cancelled: Callable[[], None] = lambda: None,
    ) -> None:
        self.image, self.shape = image, image.shape[:2]
        self._target, self._against = target, against
        self._run = compiled_scores(model.keras_model)
        self._check = check_cancelled
        self._batch = images_at_once(model.card, most=None)
        self._mean, self._blurred = (baseline(image[None], kind)[0] for kind in ("mean", "blur"))

    def votes(self, images: Iterable[np.ndarray]) -> np.ndarray:
        """The vote (n,) of variants of the image, a few large batches at a time."""
        found = []
        stream = iter(images)
        while part := list(islice(stream, self._batch)):  # itertools.batched is of Python 3.12
            self._check()
            classes = [np.full(len(part), x, np.int32) for x in (self._target, self._against)]
            lead, _, probabilities = self._run(np.stack(part), *classes)
            if self._against < 0:
                found.append(probabilities.numpy()[:, self._target])
            else:
                found.append(0.5 * (1 + np.tanh(0.5 * lead.numpy())))  # sigmoid, never overflows
        return np.concatenate(found)

    def deletion(self, orders: Sequence[np.ndarray], shares: np.ndarray) -> np.ndarray:
        """Votes (orders, s) when the first ``shares`` of the pixels have the mean colour."""
        return self._curves(orders, shares, self.image, self._mean)

    def insertion(self, orders: Sequence[np.ndarray], shares: np.ndarray) -> np.ndarray:
        """Votes (orders, s) when the first ``shares`` of the pixels come back into a blur."""
        return self._curves(orders, shares, self._blurred, self.image)

    def road(self, orders: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
        """Votes (orders, t) when the first ``shares`` of the pixels are made up from the rest.

        The noise is another for each share, and the same for all orders.
        """

        def states() -> Iterator[np.ndarray]:
            for order in orders:
                for share in shares:
                    self._check()
                    yield made_up(self.image, order, share)

        return self.votes(states()).reshape(len(orders), len(shares))

    def kept(self, heats: Sequence[np.ndarray]) -> np.ndarray:
        """Votes (n,) of the image times each heatmap (h, w), negative parts as 0, largest as 1."""

        def darkened() -> Iterator[np.ndarray]:
            for heat in heats:
                strength = np.maximum(heat, 0)
                yield self.image * (strength / max(float(strength.max()), 1e-30))[..., None]

        return self.votes(darkened())

    def _curves(
        self, orders: Sequence[np.ndarray], shares: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> np.ndarray:
        states = (
            replaced(start, first_pixels(order, share, self.shape), end)
            for order in orders
            for share in shares
        )
        return self.votes(states).reshape(len(orders), len(shares))


def faithfulness(
    model: Model | str,
    images: np.ndarray | Sequence,
    explanation: Explanation,
    *,
    steps: int = STEPS,
    randoms: int = RANDOMS,
    road: bool = True,
    seed: int = 0,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Faithfulness:
    """Deletion, insertion and ROAD curves, average drop and increase of heatmaps.

    Pixels are ranked by the heatmap at the network's input size (see ``evidence``). Deletion puts
    the image's mean colour in their place, insertion begins with the image blurred beyond
    recognition, ROAD makes them up (:mod:`cnnviz.explanation.imputation`).

    Args:
        model: a model, its name or its reference.
        images: the images that were explained, uint8 (n, h, w, c) of any size or a list.
        explanation: their heatmaps; also says the class whose vote is watched.
        steps: of the curves of deletion and insertion.
        randoms: random maps of the same coarseness to hold each heatmap against.
        road: whether to measure ROAD, which takes longest for large images.
        seed: of the random maps.
        report: called with the fraction done and a text.
        check_cancelled: called before every batch; ends the work by raising.

    Raises:
        BadInput: not as many images as heatmaps, or numbers out of range.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    prepared = as_batch(model.keras_model, model.prepare(images))
    if len(prepared) != len(explanation):
        raise BadInput(
            "There are {images} images but heatmaps of {maps}.",
            images=len(prepared),
            maps=len(explanation),
        )
    steps = checked_number(steps, "steps", FEWEST_STEPS, MOST_STEPS)
    randoms = checked_number(randoms, "randoms", 1, MOST_RANDOMS)
    report = report or (lambda fraction, text: None)
    shares = np.linspace(0, 1, steps + 1)
    road_shares = np.array(ROAD_SHARES if road else ())
    heats = evidence(explanation)
    against = np.full(len(prepared), NONE) if explanation.against is None else explanation.against
    found: dict[str, list] = {name: [] for name in ("deletion", "insertion", "road", "kept")}
    orders = []
    for i, image in enumerate(prepared):
        trial = Trial(
            model,
            image,
            int(explanation.targets[i]),
            int(against[i]),
            check_cancelled or (lambda: None),
        )
        chance = random_orders(explanation.raw.shape[1:], trial.shape, randoms, seed, i)
        order = ranking(heats[i])

        def done(share: float, i: int = i) -> None:
            report((i + share) / len(prepared), REMOVING)

        done(0)
        found["deletion"].append(trial.deletion([order, *chance], shares))
        done(0.3)
        found["insertion"].append(trial.insertion([order, *chance], shares))
        done(0.6)
        found["kept"].append(trial.kept([heats[i]])[0])
        if road:
            ranked = [order, order[::-1], *chance[:_ROAD_RANDOMS]]
            found["road"].append(trial.road(ranked, ROAD_SHARES))
        orders.append(order)
    report(1.0, REMOVING)
    deletion, insertion = np.stack(found["deletion"]), np.stack(found["insertion"])
    measured = np.stack(found["road"]) if road else np.zeros((len(prepared), 3, 0))
    return Faithfulness(
        shares=shares,
        deletion=deletion[:, 0],
        insertion=insertion[:, 0],
        random_deletion=deletion[:, 1:],
        random_insertion=insertion[:, 1:],
        road_shares=road_shares,
        road_most=measured[:, 0],
        road_least=measured[:, 1],
        road_random=measured[:, 2:],
        kept=np.array(found["kept"]),
        orders=np.stack(orders),
        evidence=explanation.positive_evidence,
        targets=explanation.targets,
        against=against,
    )


def made_up(image: np.ndarray, order: np.ndarray, share: float) -> np.ndarray:
    """The image (h, w, c) as ROAD shows it when that share of the pixels in ``order`` is gone."""
    removed = first_pixels(order, share, image.shape[:2])
    return noisy_linear(image, removed, seed=round(1000 * share))


def evidence(explanation: Explanation) -> np.ndarray:
    """(n, H, W) what a heatmap says for the class: signed maps count from their most positive value
    down, absolutely where the sign means brighter or darker rather than for or against."""
    heats = explanation.heatmaps
    return np.abs(heats) if CATALOGUE[explanation.method].pixel_sign else heats


def random_orders(
    fields: tuple[int, int], shape: tuple[int, int], count: int, *seed: int
) -> list[np.ndarray]:
    """Rankings (h·w,) of the pixels of ``shape`` by random maps of ``fields`` × ``fields``."""
    maps = np.stack([random_heat(fields, *seed, r) for r in range(count)])
    return [ranking(heat) for heat in enlarge(maps, shape)]


def checked_number(value: int, name: str, low: int, high: int) -> int:
    """A whole number between two limits; raises BadInput."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(
            "“{name}” has to be a whole number from {low} to {high}.", name=name, low=low, high=high
        )
    return value
