"""A/B test: is table B better than table A? Planned first, trained pair by pair, decided at planned looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from tunebook.core.errors import BookError, PlanError
from tunebook.core.folders import held
from tunebook.core.nouns import write_json
from tunebook.core.progress import Progress, Silent
from tunebook.core.verdict import Guardrail, RowEffect, Verdict
from tunebook.report.ab import Shown, write_ab_report
from tunebook.report.ab_words import sentence
from tunebook.stats.power import needed
from tunebook.stats.sequential import remaining
from tunebook.tables.in_force import diff
from tunebook.verbs.abtest.ab_plan import Asked, metric_of
from tunebook.verbs.abtest.effects import Study, measured, row_effects
from tunebook.verbs.abtest.guardrails import check_challenge, check_guards, check_retention, retained
from tunebook.verbs.abtest.logged_tests import logged_facts
from tunebook.verbs.abtest.looks import components, take_look, told, wanted_of
from tunebook.verbs.abtest.pairs import costs, described, flip_counts, flipped_rows, pairs_ahead, run_pair
from tunebook.verbs.abtest.prepared import Course, PreparedTest, Table, prepare_test, run_name
from tunebook.verbs.abtest.scored import ArmScores
from tunebook.verbs.abtest.spending import PlannedLook, dearest
from tunebook.verbs.learn import remember
from tunebook.verbs.steps.book import Book

_LOGGED = (
    "test", "a", "b", "split", "metric", "verdict", "gain", "lower", "upper", "delta", "delta_kind", "alpha", "seeds",
    "n", "looks", "passed", "continues",
)  # fmt: skip


def ab(
    book: Book, a: Table, b: Table, *, effects: str = "", progress: Progress | None = None, **asked: Unpack[Asked]
) -> Verdict:
    """Whether table B is better than table A, by a test that is planned before anything is trained.

    The same call again goes on where it stopped, or gives the verdict that there is; anything else asked for is another
    test. Runs are kept and used again.

    Args:
        a, b: versions (2, "v2", "champion", "latest").
        effects: also measure what each changed row is worth: `auto`, `one` (back and in) or `shapley`.
        asked: see `Asked`; what is left out is in the book's gate. With `continue_from` both arms continue from the
            same run, and what each has kept of the tasks before is part of the verdict.

    Raises:
        PlanError: nothing to test, or a rule that cannot be kept. RunError, MachineError: a run was interrupted or the
            machine gave up; the same call again goes on. BookError: the test runs in another process.
    """
    return run_test(prepare_test(book, a, b, **asked), effects=effects, progress=progress)


def run_test(prepared: PreparedTest, *, effects: str = "", progress: Progress | None = None) -> Verdict:
    """Run a prepared test to its verdict, or take up where it stopped. Raises as `ab`."""
    with _held(prepared.folder):
        done = prepared.finished
        if done is not None and (not effects or measured(done, effects)):
            return done
        watch = progress or Silent()
        course = _train(prepared, watch, done.seeds if done else None)
        with _weighing(watch):
            verdict = done or _verdict(prepared, course)
            publish(prepared, course, verdict)
        if effects:
            verdict = verdict.model_copy(update={"effects": _effects(prepared, course, effects, watch)})
            publish(prepared, course, verdict)
    return verdict


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    with held(folder / ".lock", BookError("ab.busy", key=folder.name)):
        yield


@contextmanager
def _weighing(progress: Progress) -> Iterator[None]:
    """What comes after the trainings and can take as long as one: said while it lasts."""
    progress.start("verdict", 1)
    yield
    progress.advance()
    progress.finish()


def _train(prepared: PreparedTest, progress: Progress, until: int | None) -> Course:
    """Pair after pair, up to the look that decides; or up to a known number of pairs."""
    plan, course = prepared.plan, Course()
    exams = [prepared.exam, *prepared.challenges, *(task.exam for task in prepared.earlier)]
    progress.start("ab", 2 * (until or len(plan.seeds)))
    with pairs_ahead(prepared.arms, plan.seeds[:until], prepared.folder):
        for place in plan.looks:
            for seed in plan.seeds[len(course.pairs) : place.seeds]:
                course.pairs.append(run_pair(prepared.arms, seed, exams, prepared.folder, progress))
                progress.advance(2)
            with _weighing(progress):
                course.looks.append(take_look(*course.arm_scores(prepared), plan, place.alpha))
                over = _ends(prepared, course)
            if over:
                break
    progress.finish()
    return course


def _ends(prepared: PreparedTest, course: Course) -> bool:
    """Whether the last look ends the test, by the rule of its plan."""
    look, plan = course.looks[-1], prepared.plan
    if look.verdict == "INCONCLUSIVE":
        return look.chance is not None and look.chance < plan.futility
    if plan.stop == "decided" or look.verdict == "REJECT" or look.seeds == plan.looks[-1].seeds:
        return True
    open_ones = [guard for guard in _guardrails(prepared, course) if not guard.held]
    # More seeds may yet hold a guardrail, but not one that is proven to be broken, or cannot be measured.
    return not open_ones or not all(guard.upper >= -guard.margin for guard in open_ones)


def _guardrails(prepared: PreparedTest, course: Course) -> list[Guardrail]:
    """All guardrails at the last look."""
    plan, alpha = prepared.plan, course.looks[-1].alpha
    found = check_guards(plan, course.pairs, course.arm_scores(prepared), alpha)
    for challenge, exam in zip(plan.challenges, prepared.challenges, strict=True):
        found.append(check_challenge(challenge, course.arm_scores(prepared, exam), plan.metric, alpha))
    for task in prepared.earlier:
        found += check_retention(plan, task, course.arm_scores(prepared, task.exam), alpha)
    return found


def _verdict(prepared: PreparedTest, course: Course) -> Verdict:
    plan, look = prepared.plan, course.looks[-1]
    a, b = course.arm_scores(prepared)
    total, each = costs(course.pairs, plan.prices)
    kept = [course.arm_scores(prepared, task.exam) for task in prepared.earlier]
    extra = {
        **described(a, b, plan.metric, look.alpha),
        "arms": each,
        "runs": {name: [pair.seen.runs[side] for pair in course.pairs] for side, name in enumerate("ab")},
        "seeds": [pair.seen.seed for pair in course.pairs],
        "flipped": flipped_rows(a, b, plan.metric),
        "uncrossed": a.uncrossed + b.uncrossed,
        "components": components(look),
        "min_detectable": told(prepared.sees),
        "looks_spent": [look.model_dump() for look in _spent(prepared, course)],
        "warnings": [code for code, _ in prepared.warnings],
        "currency": plan.prices.currency,
        **({"retention": retained(prepared.earlier, kept, plan.metric)} if kept else {}),
    }
    verdict = Verdict(
        test=plan.id, a=plan.a, b=plan.b, a_values=plan.a_values, b_values=plan.b_values, content=plan.content,
        split=plan.split, metric=plan.metric, delta=plan.delta, delta_kind=plan.delta_kind, alpha=plan.alpha,
        verdict=look.verdict, gain=look.gain, lower=look.lower, upper=look.upper, seeds=look.seeds, n=plan.n,
        groups=plan.groups, looks=len(course.looks), history=course.looks, cost=total,
        flips=flip_counts(a, b, plan.metric), guardrails=_guardrails(prepared, course),
        settle=_settle(prepared, course, (a, b), total), extra=extra, continues=run_name(plan), path=prepared.folder,
    )  # fmt: skip
    return verdict.model_copy(update={"reason": sentence(verdict)})


def _spent(prepared: PreparedTest, course: Course) -> list[PlannedLook]:
    """What this test and those before it have spent of alpha, so far."""
    return dearest([*prepared.plan.past, *(PlannedLook(seeds=look.seeds, alpha=look.alpha) for look in course.looks)])


def _settle(
    prepared: PreparedTest, course: Course, arm_scores: tuple[ArmScores, ArmScores], total: dict[str, float]
) -> dict[str, Any]:
    """What would decide an inconclusive test, and what the further seeds would cost."""
    look, plan = course.looks[-1], prepared.plan
    of_a, of_b = (side.rows(plan.metric) for side in arm_scores)
    if look.verdict != "INCONCLUSIVE" or of_a is None or of_b is None:
        return {}
    beyond = of_b - wanted_of(plan, float(of_a.mean())) * of_a
    if plan.delta_kind == "absolute":
        beyond -= plan.delta
    spent = {item.seeds: item.alpha for item in _spent(prepared, course)}
    later, left = prepared.book.file.gate.looks, plan.alpha - plan.elsewhere

    def price(seeds: int) -> float:
        return look.alpha if seeds == look.seeds else remaining(left, tuple(sorted({seeds, *later})), spent)

    found = needed(of_b - of_a, beyond, price, prepared.exam.groups)
    needs: dict[str, Any] = {"seeds": found.seeds, "rows": found.rows}
    needs |= {"groups": found.groups} if found.groups else {}
    if found.seeds is not None:
        share = (found.seeds - look.seeds) / look.seeds
        needs |= {name: share * total[name] for name in ("seconds", "device_hours", "money") if name in total}
    return needs


def _effects(prepared: PreparedTest, course: Course, method: str, progress: Progress) -> list[RowEffect]:
    seeds = [pair.seen.seed for pair in course.pairs]
    if prepared.plan.shift:
        raise PlanError("ab.same", key=f"v{prepared.plan.a}", other=f"v{prepared.plan.b}")
    study = Study(prepared.book, prepared.arms, seeds, prepared.exam, prepared.allow)
    return row_effects(study, prepared.plan.metric, method, prepared.plan.alpha, progress)


def publish(prepared: PreparedTest, course: Course, verdict: Verdict) -> None:
    """Write the report, log the test, and write the verdict last: what has a verdict is complete."""
    a, b = (arm.table for arm in prepared.arms)
    arm_scores = course.arm_scores(prepared)
    told = Shown(
        changes=diff(a, b),
        histories=(
            [pair.sides[0].run.history for pair in course.pairs],
            [pair.sides[1].run.history for pair in course.pairs],
        ),
        flipped=_texts(prepared, arm_scores, verdict),
        plan=prepared.plan.model_dump(mode="json"),
    )
    write_ab_report(prepared.folder, verdict, told)
    _log(prepared, verdict)
    write_json(verdict, prepared.folder / "verdict.json")
    remember(prepared.book)


def _texts(
    prepared: PreparedTest, arm_scores: tuple[ArmScores, ArmScores], verdict: Verdict
) -> dict[str, list[dict[str, Any]]]:
    """The flipped rows with their texts and what both arms said, most often over the seeds."""
    rows, task, labels = prepared.exam.rows, arm_scores[0].task, arm_scores[0].labels
    said: list[Callable[[int], str]] = [_commonest(side) for side in arm_scores]

    def true(row: int) -> str:
        return task.shown(task.true(prepared.exam.targets[row : row + 1], rows.at([row]), labels)[0])

    return {
        name: [
            {
                "id": rows.ids[row],
                "text": rows.texts[row],
                "pair": rows.pairs[row] if rows.pairs is not None else None,
                "true": true(row),
                "a": said[0](row),
                "b": said[1](row),
            }
            for row in numbers
        ]
        for name, numbers in verdict.extra["flipped"].items()
    }


def _commonest(arm_scores: ArmScores) -> Callable[[int], str]:
    def said(row: int) -> str:
        known = [run[row : row + 1] for run in arm_scores.logits if np.isfinite(run[row]).all()]
        answers = [arm_scores.task.say(part, arm_scores.exam.rows.at([row]), arm_scores.labels)[0] for part in known]
        counts = Counter(arm_scores.task.brief(answer).label for answer in answers).most_common(1)
        return f"{counts[0][0]} ({counts[0][1]}/{len(arm_scores.logits)})" if counts else "–"

    return said


def _log(prepared: PreparedTest, verdict: Verdict) -> None:
    """Log the test once, and once more when it knows the effects of its rows."""
    book = prepared.book
    logged = [entry.evidence for entry in book.log.entries() if entry.evidence.get("test") == verdict.test]
    if any(bool(evidence.get("effects")) >= bool(verdict.effects) for evidence in logged):
        return
    evidence = {name: getattr(verdict, name) for name in _LOGGED}
    evidence |= {"effects": [effect.model_dump(mode="json") for effect in verdict.effects]}
    told = ("name", "held", "reported")
    evidence |= {"guardrails": [{name: getattr(item, name) for name in told} for item in verdict.guardrails]}
    evidence |= logged_facts(book, verdict, prepared.plan)
    gate = book.file.gate
    evidence["gate"] = {**gate.model_dump(mode="json"), "metric": metric_of(gate, prepared.arms[0].base)}
    book.log.append("test", actor=prepared.owner, reason=verdict.reason, table=verdict.b, evidence=evidence)


__all__ = ["ab", "publish", "run_test"]
