"""Rating a study: what comes next for whom, what is kept, what is taken back, and what an arbiter decides."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from tunebook.core.errors import BookError, DataError
from tunebook.core.nouns import Record
from tunebook.rating.draw import Shown, assigned, check_name, check_rater
from tunebook.rating.store import STORE, Given, Kept, Rating, RatingStore, of_raters
from tunebook.rating.study import PAIRS, Item, Question, Study, read_study

_WORDS = {
    "1": ("left", "l", "a", "左", "左边", "甲"),
    "2": ("right", "r", "b", "右", "右边", "乙"),
    "0": ("tie", "same", "=", "平", "一样", "相同"),
}
_APART = 2  # points between raters that an arbiter is asked about


class Done(Record):
    """How far a rater is: items that are rated by every question, of so many."""

    rater: str
    done: int
    of: int


class Disagreement(Record):
    """An item of which raters say different things by a question.

    Attributes:
        said: rater -> value: points, or which of the item's answers is better (0 the first, 1 the second, -1 neither).
        arbiter: who has decided; empty while nobody has.
    """

    item: str
    question: str
    said: dict[str, int]
    arbiter: str = ""


@dataclass(frozen=True)
class Session:
    """A study with its ratings, in a folder.

    Raises:
        BookError: as `read_study`.
    """

    folder: Path

    @cached_property
    def study(self) -> Study:
        """What is judged."""
        return read_study(self.folder)

    @property
    def name(self) -> str:
        """Id of the study, which names its folder."""
        return self.folder.name

    @property
    def store(self) -> RatingStore:
        """What was said of it."""
        return RatingStore(self.folder)

    def assigned(self, rater: str) -> dict[str, Shown]:
        """Id -> the item as a rater sees it, in that rater's order; drawn once.

        Raises:
            DataError: `rate.who`.
        """
        return _drawn(self, check_rater(self.study, rater))

    def shown(self, rater: str, item: str) -> Shown:
        """One of these.

        Raises:
            DataError: `rate.who`; `rate.item`; `rate.not_yours`, it is another rater's.
        """
        mine = self.assigned(rater)
        if item not in mine:
            self.study.item(item)
            raise DataError("rate.not_yours", key="item", value=item, rater=rater)
        return mine[item]

    def next(self, rater: str) -> Shown | None:
        """The first item of a rater that lacks an answer; None where all have theirs.

        Raises:
            DataError: `rate.who`. BookError: `rate.damaged`.
        """
        return self.turn(rater)[0]

    def done(self, rater: str) -> Done:
        """How far a rater is. Raises as `next`."""
        return self.turn(rater)[1]

    def turn(self, rater: str) -> tuple[Shown | None, Done]:
        """What `next` and `done` give, with one look at what was said. Raises as `next`."""
        told, items = self._told(rater), self.assigned(rater)
        left = [shown for key, shown in items.items() if not self._whole(key, told)]
        return next(iter(left), None), Done(rater=rater.strip(), done=len(items) - len(left), of=len(items))

    def said(self, rater: str, item: str) -> dict[str, str]:
        """Question -> what a rater has said of an item."""
        told = self._told(rater)
        return {key: told[item, key] for key in self.study.keys if (item, key) in told}

    def give(self, rater: str, item: str, values: Mapping[str, str], *, source: str = "api", token: str = "") -> Kept:
        """Keep what a rater says of an item, one value a question; some questions may wait.

        Args:
            token: of the form that it came with; the same form again writes nothing.

        Raises:
            DataError: `rate.who`, `rate.item`, `rate.not_yours`, `rate.question`, `rate.value`, `rate.nothing`.
            BookError, MachineError: as `RatingStore.give`.
        """
        name = check_rater(self.study, rater)
        shown = self.shown(name, item)
        return self.store.give(self._given(name, shown, values, source), token)

    def ratings(self) -> list[Rating]:
        """What counts of all that was said.

        Raises:
            BookError: `rate.damaged`, also where somebody has written into the file what nobody can say.
        """
        found, study = self.store.current(), self.study
        allowed = {(item.key, one.key): study.values(item, one) for item in study.items for one in study.questions}
        for rating in found:
            known = allowed.get((rating.item, rating.question))
            if known is not None and (rating.value not in known or rating.left not in (0, 1)):
                said = f"{rating.question} = {rating.value} ({rating.left})"
                raise BookError("rate.damaged", key=f"{STORE}: {rating.number}", reason=said)
        return found

    def undo(self, rater: str, *, source: str = "api", token: str = "") -> str | None:
        """Take back what a rater said last, all questions of that item; gives the item, None where nothing is left."""
        name = check_rater(self.study, rater)
        mine = [rating for rating in of_raters(self.ratings()) if rating.rater == name]
        if not mine:
            return None
        last = max(mine, key=lambda rating: rating.number).item
        back = [
            Given(**{**rating.model_dump(include=set(Given.model_fields)), "value": "", "source": source})
            for rating in mine
            if rating.item == last
        ]
        self.store.give(back, token)
        return last

    def disagreements(self, ratings: Sequence[Rating] | None = None) -> list[Disagreement]:
        """Items on which raters disagree, in the order of the study; points that are next to each other do not count,
        but where there are two only.

        Raises:
            BookError: `rate.damaged`.
        """
        known = self.ratings() if ratings is None else ratings
        items = {item.key: item for item in self.study.items}
        said: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        decided = {(rating.item, rating.question): rating.rater for rating in of_raters(known, "arbiter")}
        for rating in of_raters(known):
            if rating.item in items:
                said[rating.item, rating.question][rating.rater] = meaning(items[rating.item], rating)
        return [
            Disagreement(item=item.key, question=key, said=values, arbiter=decided.get((item.key, key), ""))
            for item in self.study.items
            for key, points in ((question.key, question.points) for question in self.study.questions)
            if _apart(item, values := said.get((item.key, key), {}), points)
        ]

    def case(self, arbiter: str) -> tuple[Shown, str] | None:
        """The next item on which raters disagree and nobody has decided, with its question, that an arbiter has not
        rated; None where none waits."""
        mine = {rating.item for rating in of_raters(self.ratings()) if rating.rater == arbiter.strip()}
        waiting = [one for one in self.disagreements() if not one.arbiter and one.item not in mine]
        if not waiting:
            return None
        return self._of_arbiter(arbiter, waiting[0].item), waiting[0].question

    def arbitrate(
        self, arbiter: str, item: str, values: Mapping[str, str], *, source: str = "api", token: str = ""
    ) -> Kept:
        """Keep an arbiter's word on an item, which counts in place of what the raters said.

        Raises:
            DataError: `rate.agreed`, nobody disagrees there; `rate.own_case`, the arbiter is one of those who do; and
                as `give`.
        """
        shown = self._of_arbiter(arbiter, item)
        ratings = self.ratings()
        if any(rating.item == item and rating.rater == arbiter.strip() for rating in of_raters(ratings)):
            raise DataError("rate.own_case", key="--rater", value=arbiter, item=item)
        open_ones = {one.question for one in self.disagreements(ratings) if one.item == item}
        given = self._given(arbiter.strip(), shown, values, source)
        agreed = [one.question for one in given if one.question not in open_ones]
        if agreed:
            raise DataError("rate.agreed", key=agreed[0], value=item, allowed=" | ".join(sorted(open_ones)))
        return self.store.give([one.model_copy(update={"role": "arbiter"}) for one in given], token)

    def _of_arbiter(self, arbiter: str, item: str) -> Shown:
        """An item as an arbiter sees it, on a side that hangs on neither rater."""
        name = arbiter.strip()
        if not name or len(name) > 80:
            raise DataError("rate.who", key="--rater", value=arbiter)
        check_name(name)
        found = self.study.item(item)
        open_study = self.study.model_copy(update={"raters": []})
        return next(shown for shown in assigned(open_study, name) if shown.item.key == found.key)

    def _given(self, rater: str, shown: Shown, values: Mapping[str, str], source: str) -> list[Given]:
        if not values:
            raise DataError("rate.nothing", key=shown.item.key, allowed=" | ".join(self.study.keys))
        found = []
        for key, value in values.items():
            question = self.study.question(key)
            told = checked(self.study, shown.item, question, value)
            found.append(
                Given(rater=rater, item=shown.item.key, question=key, value=told, left=shown.left, source=source)
            )
        return found

    def _told(self, rater: str) -> dict[tuple[str, str], str]:
        """Item and question -> value, of one rater."""
        return self.store.said_by(check_rater(self.study, rater))

    def _whole(self, item: str, told: Mapping[tuple[str, str], str]) -> bool:
        return all((item, key) in told for key in self.study.keys)


@lru_cache(maxsize=8)
def _drawn(session: Session, rater: str) -> dict[str, Shown]:
    """What `assigned` draws: a study's folder is named by its content, so it stays the same."""
    return {shown.item.key: shown for shown in assigned(session.study, rater)}


def checked(study: Study, item: Item, question: Question, value: str) -> str:
    """A value as it is kept: words, wide digits and what spreadsheets make of a number are read too.

    Raises:
        DataError: `rate.value`.
    """
    text = unicodedata.normalize("NFKC", str(value)).strip().casefold().removesuffix(".0")
    if item.kind == PAIRS:
        text = next((number for number, words in _WORDS.items() if text in words), text)
    allowed = study.values(item, question)
    if text not in allowed:
        raise DataError("rate.value", key=question.key, value=value, allowed=" | ".join(allowed), item=item.key)
    return text


def meaning(item: Item, rating: Given) -> int:
    """Points; or which of the item's answers is better, 0 the first, 1 the second, -1 neither."""
    if item.kind != PAIRS:
        return int(rating.value)
    if rating.value == "0":
        return -1
    return rating.left if rating.value == "1" else 1 - rating.left


def _apart(item: Item, said: Mapping[str, int], points: int) -> bool:
    if len(said) < 2:
        return False
    if item.kind == PAIRS:
        return len(set(said.values())) > 1
    return max(said.values()) - min(said.values()) >= min(_APART, points - 1)


__all__ = ["Disagreement", "Done", "Session", "checked", "meaning"]
