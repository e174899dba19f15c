"""Small worlds of rows, vectors and a run's answers into which one fault is put: what a diagnosis looks at, without a
model. The same ten faults are put into real rows by the benchmark PLANTED."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.nouns import Interval, Labels
from tunebook.diagnosis.records import Errors, Halves, Part, Slice, Slices
from tunebook.diagnosis.seen import Seen
from tunebook.stats.bootstrap import Units

CLASSES, WIDTH, TRAIN, VALID = 4, 12, 400, 300
NAMES = [f"class{number}" for number in range(CLASSES)]
FILLER = ["the", "room", "was", "and", "hotel", "food", "we", "found", "it", "really", "stay", "usual"]


@dataclass(frozen=True)
class World:
    """Rows of two sides: classes, vectors and texts, with the labels that they bear and what the run is wrong on.

    Attributes:
        seeds: what other trainings of the table say.
        wrong, learnt: where the run errs, on rows of the split and on training rows.
        words: where a model of words errs. unknown: share of unknown characters.
        without: how often the run errs once words that give the label away are gone.
    """

    rng: np.random.Generator
    vectors: tuple[Any, Any]
    labels: tuple[Any, Any]
    texts: tuple[list[str], list[str]]
    said: Any
    learnt: Any
    words: Any
    unknown: float = 0.0
    without: Any = None
    names: list[str] = field(default_factory=lambda: list(NAMES))
    found: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    seeds: list[Any] = field(default_factory=list)

    @property
    def wrong(self) -> Any:
        """Where the run says something else than the label."""
        return (self.said != self.labels[1]).astype(np.float64)

    def seen(self) -> Seen:
        """It as the causes look at it."""
        sides = [
            Rows(texts, None, labels, [str(place) for place in range(len(labels))])
            for texts, labels in zip(self.texts, self.labels, strict=True)
        ]
        labels = Labels(problem="single_label", names=self.names)
        params = SimpleNamespace(max_length=32, learning_rate=1e-5, max_epochs=3)
        run = SimpleNamespace(plan=SimpleNamespace(params=params), history=self.history)
        looked = SimpleNamespace(
            split="validation", rows=sides[1], mass=self.wrong, labels=labels, units=Units(len(self.wrong)),
            said=[{"label": self.names[number]} for number in self.said], load=lambda split: sides[0],
            data=SimpleNamespace(stats={"language": "en"}), run=run,
        )  # fmt: skip
        none = Interval(value=0.0, low=0.0, high=0.0)
        found = Errors(run="run", split="validation", content="", rows=len(self.wrong), measure="accuracy", errors=none,
                       wrong=int(self.wrong.sum()), **self.found)  # fmt: skip
        seen = _Seen(looked, found)
        chances, *others = (_sure(said, len(self.names)) for said in (self.said, *self.seeds))
        vars(seen).update(
            train_vectors=self.vectors[0], vectors=self.vectors[1], words_wrong=self.words, train_mass=self.learnt,
            tokens={"unknown_share": self.unknown, "unknown_examples": ["图"], "positions": 48}, run_chances=chances,
            blind=self.wrong if self.without is None else self.without, base=None,
            seeds=[chances, *others],
        )  # fmt: skip
        return seen


@dataclass(frozen=True)
class _Seen(Seen):
    """What is seen of a world, which has no model to ask."""

    def masses(self, rows: Rows, place: str) -> Any:
        """How wrong the run is on rows without the words that tell."""
        has = [number for number, text in enumerate(self.rows.texts) if "code" in text]
        return vars(self)["blind"][has]


def healthy(seed: int = 0, apart: float = 3.2) -> World:
    """Classes around four points, some rows between them; a run and a model of words that err alike."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(CLASSES, WIDTH))
    middles *= apart / np.linalg.norm(middles, axis=1, keepdims=True)
    labels = tuple(rng.integers(CLASSES, size=size) for size in (TRAIN, VALID))
    vectors = tuple(middles[side] + rng.normal(size=(len(side), WIDTH)) for side in labels)
    texts = tuple([_text(rng, number) for number in side] for side in labels)
    nearest = (vectors[1][:, None] - middles).__pow__(2).sum(2).argmin(1)
    slip = rng.random(VALID) < 0.03
    said = np.where(slip, rng.integers(CLASSES, size=VALID), nearest)
    words = (rng.random(VALID) < 0.25).astype(np.float64)
    return World(rng, vectors, labels, texts, said, (rng.random(TRAIN) < 0.02).astype(np.float64), words)  # type: ignore[arg-type]


def _sure(said: Any, count: int) -> Any:
    """Chances of answers, nearly all on what is said."""
    return np.where(np.eye(count)[said] > 0, 1 - 0.02 * (count - 1), 0.02)


def _text(rng: np.random.Generator, number: int) -> str:
    """Words that say little, three that are mostly of the class, and a number of its own."""
    own = np.where(rng.random(3) < 0.7, number, rng.integers(CLASSES, size=3))
    words = [*rng.choice(FILLER, 9), *(f"{'abcd'[side]}{rng.integers(3)}" for side in own)]
    return f"{' '.join(words)} {rng.integers(10**9)}"


def _erring(world: World, rate: float) -> Any:
    """Answers that are wrong in so many more rows, evenly."""
    more = world.rng.random(VALID) < rate
    return np.where(more, (world.labels[1] + world.rng.integers(1, CLASSES, VALID)) % CLASSES, world.said)


def noise(world: World) -> World:
    """A fifth of all labels is another one."""
    labels = tuple(
        np.where(world.rng.random(len(side)) < 0.2, (side + world.rng.integers(1, CLASSES, len(side))) % CLASSES, side)
        for side in world.labels
    )
    return replace(world, labels=labels, learnt=(world.rng.random(TRAIN) < 0.2).astype(np.float64))


def few_of_class(world: World) -> World:
    """Six training rows of a class are left, and the run does not know it; nor do they tell a probe what it is: what
    tells the others apart, no training row shows."""
    mine = np.flatnonzero(world.labels[0] == 2)[6:]
    kept, theirs = np.setdiff1d(np.arange(TRAIN), mine), world.labels[1] == 2
    said = np.where(theirs & (world.rng.random(VALID) < 0.7), 1, world.said)
    own = np.linalg.svd([world.vectors[0][world.labels[0] == number].mean(0) for number in range(CLASSES)])[2][-1]
    blurred = _blurred(world, theirs)[1]
    blurred += (4 * theirs - blurred @ own * theirs)[:, None] * own  # a direction in which no two classes differ
    return replace(
        world, said=said, learnt=world.learnt[kept],
        vectors=(world.vectors[0][kept], blurred),
        labels=(world.labels[0][kept], world.labels[1]), texts=([world.texts[0][row] for row in kept], world.texts[1]),
    )  # fmt: skip


def merged(world: World) -> World:
    """Class 3 has two names, drawn by coin; the run says either."""
    coins = [world.rng.random(len(side)) < 0.5 for side in world.labels]
    labels = tuple(np.where((side == 3) & coin, 4, side) for side, coin in zip(world.labels, coins, strict=True))
    said = np.where((world.said == 3) & (world.rng.random(VALID) < 0.5), 4, world.said)
    return replace(world, labels=labels, said=said, names=[*NAMES, "class3-b"])


def leak(world: World) -> World:
    """Six in ten rows of the split stand among the training rows with a mark more, and the run knows them."""
    twins = np.arange(int(0.6 * VALID))
    texts = ([*world.texts[0], *(f"{world.texts[1][row]} !" for row in twins)], world.texts[1])
    labels = (np.concatenate([world.labels[0], world.labels[1][twins]]), world.labels[1])
    vectors = (np.concatenate([world.vectors[0], world.vectors[1][twins]]), world.vectors[1])
    said = _erring(world, 0.15)
    said[twins] = world.labels[1][twins]
    return replace(world, texts=texts, labels=labels, vectors=vectors, said=said, learnt=np.zeros(len(labels[0])))


def told(world: World) -> World:
    """A code of the class stands in nearly every text, without which the run errs."""
    texts = tuple(
        [text if world.rng.random() < 0.05 else f"{text} code{label}" for text, label in zip(side, labels, strict=True)]
        for side, labels in zip(world.texts, world.labels, strict=True)
    )
    without = np.maximum(world.wrong, world.rng.random(VALID) < 0.4)
    return replace(world, texts=texts, without=without)


def shift(world: World) -> World:
    """Rows of the split lie elsewhere, where classes run into each other."""
    vectors = world.vectors[1] * 0.55 + 1.0
    return replace(world, vectors=(world.vectors[0], vectors), said=_erring(world, 0.25))


def underfit(world: World) -> World:
    """The run errs often, and on its training rows too."""
    return replace(world, said=_erring(world, 0.4), learnt=(world.rng.random(TRAIN) < 0.42).astype(np.float64))


def overfit(world: World) -> World:
    """The run errs often, and never on its training rows."""
    return replace(world, said=_erring(world, 0.25), learnt=np.zeros(TRAIN))


def unstable(world: World) -> World:
    """Each seed errs on other rows."""
    said = [_erring(world, 0.25) for _ in range(5)]
    return replace(world, said=said[0], seeds=said[1:], learnt=(np.arange(TRAIN) % 8 == 0).astype(np.float64))


def tokens(world: World) -> World:
    """The vectors say little, for most characters are unknown; a model of words errs less."""
    blurred = tuple(side + 4 * world.rng.normal(size=side.shape) for side in world.vectors)
    return replace(world, vectors=blurred, said=_erring(world, 0.5), unknown=0.6,
                   learnt=(world.rng.random(TRAIN) < 0.45).astype(np.float64))  # fmt: skip


def capacity(world: World) -> World:
    """The same, and all characters are known."""
    return replace(tokens(world), unknown=0.0)


def _difference(inside: Any, outside: Any) -> Interval:
    value = float(inside.mean() - outside.mean())
    half = 1.96 * float(np.sqrt(inside.var() / len(inside) + outside.var() / len(outside)))
    return Interval(value=value, low=value - half, high=value + half)


def _rate(side: Any) -> Interval:
    return Interval(value=float(side.mean()), low=0.0, high=1.0)


def _blurred(world: World, mine: Any) -> tuple[Any, Any]:
    """Vectors of which some rows of the split say nothing."""
    blur = mine[:, None] * 8 * world.rng.normal(size=world.vectors[1].shape)
    return world.vectors[0], world.vectors[1] + blur


def _struck(world: World, share: float, rate: float) -> tuple[World, Any]:
    """A share of the rows, of which so many more are wrong, and which they are."""
    mine = world.rng.random(VALID) < share
    return replace(world, said=np.where(mine, _erring(world, rate), world.said), vectors=_blurred(world, mine)), mine


def slice_(world: World) -> World:
    """A quarter of the rows, of one source, is mostly wrong; the search has found it."""
    broken, mine = _struck(world, 0.25, 0.7)
    inside, outside = broken.wrong[mine], broken.wrong[~mine]
    share = Interval(value=float(inside.mean()), low=float(inside.mean()) - 0.1, high=float(inside.mean()) + 0.1)
    one = Slice(parts=[Part(sort="column", name="source", value="mail")], rows=int(mine.sum()), errors=inside.sum(),
                share=share, rest=_rate(outside), p_value=1e-4)  # fmt: skip
    return replace(broken, found={"slices": Slices(searched=40, found=[one])})


def cut_texts(world: World) -> World:
    """A third of the rows loses its end, and the run errs on them."""
    broken, mine = _struck(world, 0.33, 0.6)
    inside, outside = broken.wrong[mine], broken.wrong[~mine]
    half = Halves(key="cut", rows=int(mine.sum()), share=_rate(mine), errors_with=_rate(inside),
                  errors_without=_rate(outside), difference=_difference(inside, outside), p_value=1e-5)  # fmt: skip
    return replace(broken, found={"reading": [half]})


FAULTS: dict[str, Callable[[World], World]] = {
    "noise": noise, "few_of_class": few_of_class, "merged": merged, "leak": leak, "told": told, "shift": shift,
    "underfit": underfit, "overfit": overfit, "tokens": tokens, "capacity": capacity, "slice": slice_,
    "unstable": unstable,    "cut_texts": cut_texts,
}  # fmt: skip

__all__ = ["FAULTS", "World", "healthy"]
