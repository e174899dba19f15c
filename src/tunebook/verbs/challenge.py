"""Challenge: what a run can and cannot do, on rows of the book that are changed so that the right answer is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from tunebook.challenge.alone import alone, base_of, rows_of_file
from tunebook.challenge.changed import change, check_kind
from tunebook.challenge.directions import directed
from tunebook.challenge.measure import Judge, judged, measured, scored
from tunebook.challenge.own_templates import OWN
from tunebook.challenge.perturbation import Perturbation, perturbations
from tunebook.challenge.record import FILE, Capability, Challenged, worst_first
from tunebook.challenge.sentiment import Sentiment, sentiment_of
from tunebook.challenge.templates import expanded, read_templates
from tunebook.core.answers import Answers, Rows
from tunebook.core.errors import DataError, near
from tunebook.core.files import content_id
from tunebook.core.nouns import DataRef, Split, read_json, write_json
from tunebook.core.params import build
from tunebook.core.progress import Progress, Silent
from tunebook.core.registry import task_of
from tunebook.verbs.attack import attack
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.calibration import cuts_in_force
from tunebook.verbs.steps.ends import lost_by
from tunebook.verbs.steps.runs import Run

_ROWS = 500
LEVEL = 0.05


class Ways(TypedDict, total=False):
    """How a run is challenged.

    Keys:
        only: keys of perturbations; all without it.
        settings: `KEY.ROW` -> value of a perturbation.
        sentiment: `positive` and `negative` -> the labels that say so; by their names without it.
        limit: rows of the split that are drawn.
        seed: start of all chance.
        templates: files of templates; our own where two sentiments are known, without it.
        rows: files of labelled rows with the book's columns, and perhaps a column `capability`.
        attack: rows whose words are replaced by like ones until the answer is wrong; none without it.
    """

    only: Sequence[str]
    settings: Mapping[str, Any]
    sentiment: Mapping[str, str]
    limit: int
    seed: int
    templates: Sequence[Path | str]
    rows: Sequence[Path | str]
    attack: int


def challenge(
    run: Run, *, split: Split = "validation", progress: Progress | None = None, **ways: Unpack[Ways]
) -> Challenged:
    """Change rows of a split in every way that is known, ask the run's model, and write challenge.json and its page.

    Answers are kept in the run, so that a second call asks only what is new; what it measures stands beside what
    earlier ones have measured on the same rows.

    Args:
        split: whose rows are changed. The test rows wear out by being looked at.
        ways: see `Ways`.

    Raises:
        RunError: the run has not finished. DataError: `challenge.task`, targets that no change of a text keeps;
            `challenge.unknown`, there is no such perturbation; `challenge.sentiment`; `challenge.limit`;
            `challenge.templates` and `challenge.file`, a file that cannot be read; `data.no_split`. TableError: a
            setting out of its bounds. MachineError: a library is missing.
    """
    asked = prepare_challenge(run, split, ways)
    before = asked.before(progress)
    judge, rows = asked.judge, asked.rows
    found: list[Capability] = []
    watch = progress or Silent()
    watch.start("challenge", len(asked.chosen) + len(asked.others))
    for how in asked.chosen:
        changed = change(rows, asked.judge.data, how, asked.seed)
        kept = how.expects == "kept"
        found.append(
            measured(judge, rows, before, changed, how)
            if kept
            else directed(judge, rows, before, changed, how, asked.sides)
        )
        watch.advance()
    base = base_of(judge, rows, before)
    for made, others in asked.others:
        found.append(alone(judge, made, others, base))
        watch.advance()
    if (attacked := ways.get("attack", 0)) > 0:
        found.append(attack(run, judge, (rows, before), attacked))
    watch.finish()
    asked_now = Challenged(
        run=run.id,
        split=split,
        rows=len(rows),
        metric=judge.metric,
        score=scored(judge, rows, before),
        seed=asked.seed,
        level=LEVEL,
        capabilities=found,
        cuts=cuts_in_force(run) is not None,
    )
    return _kept(run, asked_now)


def _kept(run: Run, now: Challenged) -> Challenged:
    """Write what was measured beside what earlier calls have measured on the same rows, all of it judged together; a
    record of other rows stands aside. Returns what was asked for now."""
    from tunebook.report.challenge import write_challenge_page

    folder = run.results(now.split)
    earlier, asked = read_challenge(run, now.split), {(item.source, item.key) for item in now.capabilities}
    if earlier is not None and not earlier.alike(now):
        _aside(folder)
        earlier = None
    more = [item for item in earlier.capabilities if (item.source, item.key) not in asked] if earlier else []
    place = folder / f"{FILE}.html"
    all_found = worst_first(judged([*now.capabilities, *more], now.level))
    whole = now.model_copy(update={"capabilities": all_found, "page": place})
    write_challenge_page(place, whole)
    write_json(whole, folder / f"{FILE}.json")
    told = [item for item in all_found if (item.source, item.key) in asked]
    return whole.model_copy(update={"capabilities": told})


def _aside(folder: Path) -> None:
    """Name a record and its page after the first number that is free: nothing is overwritten."""
    number = next(n for n in count(1) if not (folder / f"{FILE}-{n}.json").exists())
    for end in (".html", ".json"):
        if (path := folder / f"{FILE}{end}").exists():
            path.rename(folder / f"{FILE}-{number}{end}")


@dataclass(frozen=True)
class Prepared:
    """What a run is asked.

    Attributes:
        rows: that are drawn; before: gives the answers to them; others: capabilities of templates and files with their
            rows.
    """

    judge: Judge
    rows: Rows
    before: Callable[[Progress | None], Answers]
    chosen: list[Perturbation]
    sides: Sentiment | None
    others: list[tuple[Capability, Rows]]
    seed: int


def prepare_challenge(run: Run, split: Split, ways: Ways) -> Prepared:
    """All that can be refused is refused before the model is asked anything. Raises as `challenge`."""
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load

    plan, seed = run.plan, ways.get("seed", 0)
    _ = run.model  # refuses an unfinished run before anything is read
    data = prepared_data(plan)
    check_kind(data, run.id)
    chosen = chosen_perturbations(ways.get("only", ()), ways.get("settings", {}))
    sides = sentiment_of(plan.labels, ways.get("sentiment", {}))
    if not data.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    whole = load(data, split)
    if whole.targets is None:
        raise DataError("data.no_labels", key=split)
    places = drawn(len(whole), ways.get("limit", _ROWS), seed)
    others = [*_of_templates(data, ways, sides, seed), *_of_files(data, ways)]

    def before(progress: Progress | None) -> Answers:
        found: Answers = answers(run, whole, place_of(plan, data, split), progress=progress)[places]
        return found

    return Prepared(
        judge_of(run, data, split), whole.at(places.tolist(), columns=True), before, chosen, sides, others, seed
    )


def _of_templates(data: DataRef, ways: Ways, sides: Sentiment | None, seed: int) -> Iterator[tuple[Capability, Rows]]:
    """Capabilities of templates: of the files that were named; without any, and where two sentiments are known, our own
    for the language of the book."""
    files = ways.get("templates", ())
    sets = [read_templates(Path(file)) for file in files]
    own = OWN.get(str(data.stats.get("language")))
    if not files and sides is not None and own is not None and not ways.get("only") and data.roles.text_pair is None:
        sets = [own]
    for one in sets:
        for name, rows in expanded(one, data, sides, seed).items():
            yield Capability(key=name, group="template", source="template"), rows


def _of_files(data: DataRef, ways: Ways) -> Iterator[tuple[Capability, Rows]]:
    for file in ways.get("rows", ()):
        for name, rows in rows_of_file(data, Path(file)).items():
            yield Capability(key=name, group="file", source="file"), rows


def read_challenge(run: Run, split: Split = "validation") -> Challenged | None:
    """What the last call found; None where there was none. Raises a BookError where it is damaged."""
    path = run.results(split) / f"{FILE}.json"
    found: Challenged | None = read_json(Challenged, path) if path.is_file() else None
    return found


def chosen_perturbations(only: Sequence[str], settings: Mapping[str, Any]) -> list[Perturbation]:
    """The perturbations that were asked for, with their settings.

    Raises:
        DataError: `challenge.unknown`. TableError: a setting out of its bounds, or none of the perturbation's.
    """
    known = perturbations()
    asked = [name.partition(".")[0] for name in settings]
    for key in (*only, *asked):
        if key not in known:
            raise DataError(
                "challenge.unknown", key="--only", value=key, near=near(key, known), allowed=" | ".join(known)
            )
    own: dict[str, dict[str, Any]] = {key: {} for key in known}
    for name, value in settings.items():
        key, _, row = name.partition(".")
        own[key][row] = value
    return [build(known[key], own[key]) for key in known if not only or key in only]


def drawn(total: int, limit: int, seed: int) -> np.ndarray:
    """Numbers of the rows that are drawn, in their order.

    Raises:
        DataError: `challenge.limit`, less than one.
    """
    if limit < 1:
        raise DataError("challenge.limit", key="--limit", value=limit, allowed="1 – …")
    if total <= limit:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, limit, replace=False))


def judge_of(run: Run, data: DataRef, split: str) -> Judge:
    """By what a run's answers are judged; its model is loaded once, when the first text is new."""
    from functools import cache

    plan = run.plan

    @cache
    def model() -> Any:
        from tunebook.engine.load import load_model

        return load_model(run.model, plan)

    def ask(rows: Rows, name: str) -> Answers:
        return answers(run, rows, f"challenges/{split}-{_folder(name)}", ask=lambda: ask_once(model(), rows))

    once, lost = (lambda rows: ask_once(model(), rows)), lost_by(run)
    return Judge(task_of(plan.task)(), plan.labels, data, plan.params.metric, ask, once, lost)


def _folder(name: str) -> str:
    """A name as that of a folder: capabilities of files are whatever somebody wrote there, a path too."""
    return name if re.fullmatch(r"[\w-]{1,60}", name, re.ASCII) else f"named-{content_id(name)}"


def ask_once(model: Any, rows: Rows) -> Answers:
    """What a loaded model answers to rows."""
    found: Answers = model.logits(rows)
    return found


__all__ = [
    "LEVEL", "Prepared", "Ways", "ask_once", "challenge", "chosen_perturbations", "drawn", "judge_of",
    "prepare_challenge", "read_challenge",
]  # fmt: skip
