"""What people said of the runs of a test, held against what the gate asks of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunebook.core.errors import BookError, RefusedError, TunebookError
from tunebook.core.formatting import phrase
from tunebook.core.messages import say
from tunebook.core.nouns import Interval
from tunebook.core.rated import WantedRating
from tunebook.core.verdict import Verdict
from tunebook.rating.records import Judged
from tunebook.rating.result import result_of
from tunebook.rating.session import Session
from tunebook.rating.study import FOLDER, find_study, studies_in
from tunebook.verbs.steps.answers import model_key
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run


@dataclass(frozen=True)
class _Sides:
    """A study with the number of its run of either arm; `others`: how many more studies of both arms were rated."""

    session: Session
    a: int
    b: int
    others: int = 0

    @property
    def names(self) -> tuple[str, str]:
        """Ids of the runs of A and B."""
        runs = self.session.study.runs
        return runs[self.a].run, runs[self.b].run


def check_rating(book: Book, verdict: Verdict) -> dict[str, Any] | None:
    """What people said of a test's new table against the other, if it is as the gate asks; None where nobody is asked.

    Raises:
        RefusedError: `rate.gate_missing`, no rating of runs of this test; `rate.gate_other_rows`,
            `rate.gate_not_logged`, `rate.gate_changed`: it does not count; `rate.gate_few`, `rate.gate_unfinished`,
            `rate.gate_agreement`, `rate.gate_below`: it does not say what is asked for.
    """
    wanted = book.file.gate.rating
    if wanted is None:
        return None
    arms = verdict.extra.get("runs", {})
    runs = ",".join(next(iter(arms.get(side, [])), "RUN") for side in "ab")
    told: dict[str, Any] = {
        "key": f"v{verdict.b}", "a": f"v{verdict.a}", "book": book.path, "runs": runs, "question": wanted.question,
        "kind": phrase("rate.kind", wanted.kind),
    }  # fmt: skip
    found = _study(book, arms, wanted)
    if found is None:
        raise RefusedError("rate.gate_missing", **told)
    told |= {"study": found.session.study.id, "runs": ",".join(found.names)}
    _trusted(book, verdict, found, told)
    result = result_of(found.session)
    if not result.intact:
        raise RefusedError("rate.gate_changed", **told, why=say("rate.gate_why.edited"))
    judged = result.of(wanted.question, wanted.kind)
    gain = None if judged is None else _gain(judged, *found.names)
    if judged is None or gain is None:
        raise RefusedError("rate.gate_missing", **told)
    _holds(judged, gain, wanted, told)
    late = [one for one in result.raters if one.rater in found.session.study.raters and one.done < one.of]
    if late:  # a study that is looked at half-way can be stopped when it suits
        raise RefusedError("rate.gate_unfinished", **told, found=", ".join(f"{r.rater} {r.done}/{r.of}" for r in late))
    kept = {"others": found.others} | {
        "rows": judged.rows,
        "raters": judged.raters,
        "alpha": judged.agreement.alpha.value,
        "head": result.head,
    }
    return {"study": result.study, "wanted": wanted.model_dump(), "gain": gain.model_dump(), **kept}


def _study(book: Book, arms: dict[str, list[str]], wanted: WantedRating) -> _Sides | None:
    """The newest study of a run of either arm that has been rated by the question, else the newest of such runs."""
    names = [find_study(book.path, wanted.study)] if wanted.study else _all(book)
    known: list[_Sides] = []
    rated: list[_Sides] = []
    for folder in names:
        try:
            session = Session(folder)
            runs = [run.run for run in session.study.runs]
        except BookError:
            continue
        sides = [[place for place, run in enumerate(runs) if run in arms.get(side, [])] for side in "ab"]
        if all(sides):
            known.append(_Sides(session, sides[0][0], sides[1][0]))
            asked = {(item.key, wanted.question) for item in session.study.items if item.kind == wanted.kind}
            if any((one.item, one.question) in asked for one in session.store.current()):
                rated.append(known[-1])
    if rated:  # whoever asks people until they say yes is told by how many studies there are
        return replace(rated[0], others=len(rated) - 1)
    return known[0] if known else None


def _all(book: Book) -> list[Path]:
    return [book.path / FOLDER / name for name in reversed(studies_in(book.path))]


def _trusted(book: Book, verdict: Verdict, found: _Sides, told: dict[str, Any]) -> None:
    """The study is what was begun in this book, about these rows and these models."""
    study = found.session.study
    if study.content != verdict.content:
        raise RefusedError("rate.gate_other_rows", **told)
    if not any(entry.evidence.get("study") == study.id for entry in book.log.entries("rating")):
        raise RefusedError("rate.gate_not_logged", **told)
    for rated in (study.runs[found.a], study.runs[found.b]):
        try:
            same = model_key(Run(book.path / "runs" / rated.run)) == rated.model
        except (TunebookError, OSError):
            same = False
        if not same:
            raise RefusedError("rate.gate_changed", **told, why=say("rate.gate_why.model", run=rated.run))


def _gain(judged: Judged, a: str, b: str) -> Interval | None:
    """What b is rated over a: of pairs over all rows of the split, of points on rows that have both."""
    pairs = [(duel.a, duel.b, duel.overall) for duel in judged.duels] + [(gap.a, gap.b, gap.gap) for gap in judged.gaps]
    for first, second, gain in pairs:
        if (first, second) == (a, b):
            return gain
        if (first, second) == (b, a):
            return Interval(value=-gain.value, low=-gain.high, high=-gain.low)
    return None


def _holds(judged: Judged, gain: Interval, wanted: WantedRating, told: dict[str, Any]) -> None:
    for what, found, least in (("raters", judged.raters, wanted.raters), ("rows", judged.rows, wanted.rows)):
        if found < least:
            raise RefusedError("rate.gate_few", **told, found=found, wanted=least, what=say(f"rate.gate_{what}"))
    alpha = judged.agreement.alpha.value
    if wanted.agreement > -1 and not alpha >= wanted.agreement:
        raise RefusedError("rate.gate_agreement", **told, found=f"{alpha:.2f}", wanted=f"{wanted.agreement:g}")
    least_gain = 0.0 if wanted.better else -wanted.margin
    if not gain.low > least_gain:
        told["gain"] = f"{gain.value:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]"
        raise RefusedError("rate.gate_below", **told, wanted=f"{least_gain:+g}")


__all__ = ["check_rating"]
