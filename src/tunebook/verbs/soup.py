"""Soup: the mean of the weights of several finished runs, chosen on the validation rows, as a run of its own."""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from tunebook.core.errors import PlanError, RunError
from tunebook.core.files import content_id, write_whole
from tunebook.core.lineage import METHODS, Ingredient, Method, Recipe
from tunebook.core.locations import write_plan
from tunebook.core.nouns import Plan, read_json, write_json
from tunebook.core.progress import Progress, Silent
from tunebook.verbs.averaging import Evaluator, Logits, WeightAverager, validation_evaluator
from tunebook.verbs.ingredients import SOUP, ingredients_of
from tunebook.verbs.steps.book import Book, kept_model_id
from tunebook.verbs.steps.runs import Run, find_run, new_run

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

FILE = "soup.json"
_TOLERANCE = 1e-5  # largest difference of logits, for logits of size one, of the soup on disk from that in memory


@dataclass(frozen=True)
class Soup:
    """A soup of several runs.

    Attributes:
        recipe: what was offered and taken, and the scores.
        run: the new run; None where the best run alone was better than any mean, so that there is nothing to write.
        fresh: the run was made now; False where the same runs had been averaged in the same way before.
    """

    recipe: Recipe
    run: Run | None
    fresh: bool


def soup(of: Book | Sequence[Run], *, method: Method = "greedy", progress: Progress | None = None) -> Soup:
    """Average the weights of several finished runs into one model, a new run of their book.

    Runs that keep only what was trained (lora, adalora, ia3, bitfit) are added up to whole models first: the mean of
    low-rank factors is not the mean of the models. Costs two passes over the validation rows for each run, alone and in
    a mean; the answers are kept in the book's cache, so that the same soup asked again costs none.

    Args:
        of: the runs, of one base model, one set of labels and the same frozen rows; or a book, whose finished runs are
            all taken that fit together.
        method: `greedy` begins with the best run on the validation rows and adds the next best as long as the score
            does not fall; `uniform` takes all.

    Raises:
        PlanError: `soup.method`, and as `ingredients_of`. RunError: a run has not finished; `soup.differs`.
        ModelError: `soup.shape`; a base model is no longer what it was.

    Source: Wortsman et al. 2022, Model soups (arXiv:2203.05482), section 2 and recipe 1.
    """
    if method not in METHODS:
        raise PlanError("soup.method", key="method", value=method, allowed=" | ".join(METHODS))
    begun, watch = (time.perf_counter(), time.process_time()), progress or Silent()
    book, runs, left = ingredients_of(of)
    evaluator = validation_evaluator(book.data, runs[0].plan, str(book.champion.values()["metric"]))
    watch.start("soup", 2 * len(runs) - 1)
    averager = WeightAverager(evaluator, watch)
    averaged = _averaged(_ranked(runs, averager), averager, method)
    watch.finish()
    recipe = averaged.recipe(method, left)
    if len(averaged.taken) < 2:
        return Soup(recipe, None, fresh=False)
    plan = _plan(averaged.taken, method, evaluator)
    (book.path / "cache").mkdir(exist_ok=True)
    with FileLock(book.path / "cache" / f".soup-{plan.id}.lock"):  # another process may be making the same one
        found = find_run(book.path / "runs", plan)
        if found is not None and found.finished:
            return Soup(recipe, found, fresh=False)
        return Soup(recipe, _written(book, plan, averaged, recipe, begun), fresh=True)


def read_recipe(run: Run) -> Recipe | None:
    """What a run was averaged of; None for one that was trained."""
    path = run.path / FILE
    found: Recipe | None = read_json(Recipe, path) if path.is_file() else None
    return found


@dataclass(frozen=True)
class _Alone:
    """A run alone."""

    run: Run
    logits: Logits
    score: float


@dataclass(frozen=True)
class _Averaged:
    """A finished soup: what is in it, and what it answers."""

    averager: WeightAverager
    alone: list[_Alone]
    steps: list[Ingredient]
    logits: Logits

    @property
    def taken(self) -> list[Run]:
        return [item.run for item, step in zip(self.alone, self.steps, strict=True) if step.taken]

    def recipe(self, method: Method, left: dict[str, str]) -> Recipe:
        evaluator = self.averager.evaluator
        return Recipe(
            method=method,
            metric=evaluator.metric,
            rows=len(evaluator.rows),
            ingredients=self.steps,
            score=evaluator.score(self.logits),
            gain=evaluator.gain(self.alone[0].logits, self.logits),
            ensemble=evaluator.ensemble([item.logits for item in self.alone]),
            left=left,
        )


def _ranked(runs: Sequence[Run], averager: WeightAverager) -> list[_Alone]:
    """The runs alone, the best one first and of equal ones the oldest, in whatever order they were named."""
    found = []
    for run in runs:
        logits = averager.answers([run])
        found.append(_Alone(run, logits, averager.evaluator.score(logits)))
        averager.progress.advance()
    return sorted(found, key=lambda item: (-_known(item.score), item.run.id))


def _known(score: float) -> float:
    """A score to compare; one that is no number is the worst."""
    return -math.inf if math.isnan(score) else score


def _averaged(alone: list[_Alone], averager: WeightAverager, method: Method) -> _Averaged:
    """Add one run after the other to the best one; greedily only what does not make the mean worse."""
    best = alone[0]
    held, logits, now = [best.run], best.logits, best.score
    steps = [Ingredient(run=best.run.id, score=best.score, mean=best.score, taken=True)]
    for item in alone[1:]:
        answers = averager.answers([*held, item.run])
        score = averager.evaluator.score(answers)
        taken = method == "uniform" or _known(score) >= _known(now)
        steps.append(Ingredient(run=item.run.id, score=item.score, mean=score, taken=taken))
        if taken:
            held, logits, now = [*held, item.run], answers, score
        averager.progress.advance()
    return _Averaged(averager, alone, steps, logits)


def _plan(taken: Sequence[Run], method: Method, evaluator: Evaluator) -> Plan:
    """The best run's plan, with only those techniques that all of them share, and with the hash of what was taken."""
    from tunebook.engine.continual import CONTINUE

    plans = [run.plan for run in taken]
    first = plans[0]
    shared = {
        key: rows for key, rows in first.techniques.items() if all(plan.techniques.get(key) == rows for plan in plans)
    }
    inputs = {name: value for name, value in first.inputs.items() if name.partition(".")[0] in {CONTINUE, *shared}}
    models = [kept_model_id(run.model, run.book) for run in taken]
    made = content_id([method, *([plan.id, model] for plan, model in zip(plans, models, strict=True))])
    same = len({plan.table for plan in plans}) == 1
    return first.model_copy(
        update={
            "techniques": shared,
            "inputs": {**inputs, SOUP: made},
            "params": first.params.model_copy(update={"metric": evaluator.metric}),
            "table": first.table if same else content_id([plan.table for plan in plans]),
            "table_version": first.table_version if same else 0,
        }
    )


def _written(book: Book, plan: Plan, averaged: _Averaged, recipe: Recipe, begun: tuple[float, float]) -> Run:
    """The soup as a run, which appears in the book whole or not at all.

    Args:
        begun: what the clock of the wall and that of the processor said at the start.

    Raises:
        RunError: `soup.differs`.
    """
    from tunebook.engine.stored import finish_folder

    loaded = _whole(averaged)
    with TemporaryDirectory(prefix="soup-", dir=book.path / "cache", ignore_cleanup_errors=True) as place:
        part = Path(place) / "run"
        loaded.model.save_pretrained(str(part / "model"))
        finish_folder(part / "model", loaded.tokenizer, plan)
        _prove(part / "model", plan, averaged)
        write_json(recipe, part / FILE)
        write_plan(plan, part, final=book.path / "runs" / part.name)
        write_whole(part / "outcome.json", json.dumps(_outcome(part, averaged, begun, loaded.model), indent=2) + "\n")
        run = new_run(book.path / "runs", plan)
        part.replace(run.path)  # an empty folder gives way
    return run


def _whole(averaged: _Averaged) -> LoadedModel:
    """The best run's model, as transformers has it, with the weights of the soup."""
    from tunebook.engine.load import load_model
    from tunebook.verbs.steps.merge import plain_model

    best = averaged.taken[0]
    loaded = load_model(best.model, best.plan)
    model = plain_model(best, loaded)
    averaged.averager.mix(averaged.taken).into(model)
    return replace(loaded, model=model)


def _prove(folder: Path, plan: Plan, averaged: _Averaged) -> None:
    """Refuse a model on disk that answers otherwise than the soup that was scored."""
    import numpy as np

    from tunebook.engine.load import load_model

    difference = float(np.abs(averaged.averager.evaluator.logits(load_model(folder, plan)) - averaged.logits).max())
    if not difference <= _TOLERANCE * max(1.0, float(np.abs(averaged.logits).max())):
        named = ", ".join(run.id for run in averaged.taken)
        raise RunError("soup.differs", key=named, value=difference, rows=len(averaged.averager.evaluator.rows))


def _outcome(part: Path, averaged: _Averaged, begun: tuple[float, float], model: Any) -> dict[str, Any]:
    """Cost of a soup: what averaging took, and as `stage_seconds` what training the runs in it had taken."""
    from tunebook.engine.machine import device_name, peak_bytes
    from tunebook.engine.outcome import Clock, Outcome
    from tunebook.models.source import model_id

    spent = Clock(*begun).since()
    outcome = Outcome(
        seconds=spent.wall,
        processor_seconds=spent.processor,
        rows=0,
        steps=0,
        peak_memory_bytes=peak_bytes(),
        precision="fp32",
        device=device_name(),
        best_step=None,
        parameters=sum(item.numel() for item in model.parameters()),
        stored_bytes=sum(file.stat().st_size for file in (part / "model").glob("*.safetensors")),
    )
    costs = [run.outcome for run in averaged.taken]
    before = sum(cost.get("seconds", 0.0) + cost.get("stage_seconds", 0.0) for cost in costs)
    named = ", ".join(run.id for run in averaged.taken)
    more = {
        "rows_per_second": 0.0,
        "machine": platform.platform(),
        "model_id": model_id(part / "model"),
        "stage_seconds": before,
        "mean_of": named,
    }
    return {**asdict(outcome), **more}


__all__ = ["FILE", "Soup", "read_recipe", "soup"]
