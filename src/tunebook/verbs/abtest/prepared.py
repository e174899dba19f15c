"""A test made ready: both arms planned, its plan frozen and on disk, its time estimated, its doubts told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

from tunebook.core.call_check import Allow
from tunebook.core.errors import BookError, PlanError
from tunebook.core.nouns import DataRef, ParamTable, read_json, write_json
from tunebook.core.verdict import Gate, Look, Verdict
from tunebook.engine.continual import numbered
from tunebook.stats.degrees_of_freedom import Sizes
from tunebook.tables.in_force import flat, replaced
from tunebook.verbs.abtest.ab_plan import ABPlan, Asked, make_ab_plan, metric_of
from tunebook.verbs.abtest.arms import Arm, expected_seconds, known
from tunebook.verbs.abtest.binding import Lax, laxer, too_lax
from tunebook.verbs.abtest.exams import whole_texts
from tunebook.verbs.abtest.guardrails import EarlierTask, earlier_tasks
from tunebook.verbs.abtest.logged_tests import counted, logged_tests, taken
from tunebook.verbs.abtest.looks import Foresight, foresight
from tunebook.verbs.abtest.pairs import Pair
from tunebook.verbs.abtest.scored import ArmScores, Exam, file_exam, scores_of_arm, split_exam, uncrossed
from tunebook.verbs.abtest.spending import Taken, nested
from tunebook.verbs.abtest.verdicts import newest_verdicts, read_verdict
from tunebook.verbs.steps.book import Book

_FEW_ROWS = 1000  # below it two points cannot be told apart cheaply
_FEW_GROUPS = 10  # of equal size; below it the spread between groups is hardly known
_APART = 1 << 20  # between the seeds of both arms where they are the same table
Table = ParamTable | int | str


@dataclass(frozen=True)
class PreparedTest:
    """A test whose plan is frozen and on disk.

    Attributes:
        seconds: what the missing runs will take by the clock, if none of them is spared by a look.
        warnings: codes of the catalogue with their fields, worth knowing before any time is spent.
        earlier: tasks of the runs that both arms continue from.
        sees: the least gain that it can see.
        lax: in what its rule is laxer than the book's gate, so that no promotion can rest on it; None where it binds.
        owner: who asked for it, as the log is told; empty for the user of this process.
    """

    book: Book
    plan: ABPlan
    arms: tuple[Arm, Arm]
    exam: Exam
    challenges: Sequence[Exam]
    seconds: float
    warnings: Sequence[tuple[str, dict[str, Any]]] = ()
    allow: Allow = frozenset()
    earlier: Sequence[EarlierTask] = ()
    sees: Foresight | None = None
    lax: Lax | None = None
    owner: str = ""

    @property
    def data(self) -> DataRef:
        """The book's rows, their targets numbered as the heads of both arms number them."""
        return numbered(self.book.data, self.arms[0].base.labels)

    @property
    def folder(self) -> Path:
        """Where the test keeps its plan, its pairs, its verdict and its report."""
        return self.book.path / "tests" / self.plan.id

    @property
    def finished(self) -> Verdict | None:
        """The verdict, if there is one already, with all that is told of it."""
        found = read_verdict(self.folder / "verdict.json")
        return found if found is not None and {"arms", "scores", "flipped"} <= found.extra.keys() else None


@dataclass
class Course:
    """A test under way: the pairs so far and the looks that were taken."""

    pairs: list[Pair] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def arm_scores(self, prepared: PreparedTest, exam: Exam | None = None) -> tuple[ArmScores, ArmScores]:
        """Marks of both arms in an exam; the split's if none is named."""
        data, chosen = prepared.data, exam or prepared.exam
        sides = [[pair.answers[chosen.key][side] for pair in self.pairs] for side in (0, 1)]
        return scores_of_arm(data, chosen, sides[0]), scores_of_arm(data, chosen, sides[1])


def prepare_test(book: Book, a: Table, b: Table, **asked: Unpack[Asked]) -> PreparedTest:
    """Plan both arms and write the frozen plan of their test. Raises as `foreseen_test`."""
    prepared = foreseen_test(book, a, b, **asked)
    if not (prepared.folder / "plan.json").is_file():
        write_json(prepared.plan, prepared.folder / "plan.json")
    return prepared


def foreseen_test(book: Book, a: Table, b: Table, **asked: Unpack[Asked]) -> PreparedTest:
    """The same, and nothing is written.

    Raises:
        RefusedError: `promote.laxer`, it was to bind and does not. Else as `ab`.
    """
    arms = arms_of(book, a, b, asked)
    data = numbered(book.data, arms[0].base.labels)
    exam = split_exam(data, "validation")

    def planned(past: Sequence[Taken] = (), options: Asked = asked) -> ABPlan:
        return make_ab_plan(data, arms, exam, book.file.gate, options, past)

    fresh = planned()
    texts = whole_texts(data, fresh.metric)
    exam = replace(exam, texts=texts)
    challenges = [file_exam(data, challenge.path, fresh.metric) for challenge in fresh.challenges]
    plan = _charged(book, fresh, planned, metric_of(book.file.gate, arms[0].base))
    lax = _lax(book, plan, planned)
    if lax is not None and asked.get("binding", False):
        raise too_lax(lax, plan, book.path, f"v{plan.a}", f"v{plan.b}")
    seconds = sum(expected_seconds(book.path / "runs", arm, plan.seeds) for arm in arms)
    allow = asked.get("allow", frozenset())
    verdicts = list(newest_verdicts(book))
    told = [
        *_explores(lax),
        *_warnings(plan, verdicts),
        *_few_groups(exam),
        *_idle(arms),
        *_uncrossed(book, arms, plan, exam),
        *_seen(book, challenges),
    ]
    earlier = [replace(task, exam=replace(task.exam, texts=texts)) for task in earlier_tasks(arms[0].base)]
    sees = foresight(plan, verdicts)
    owner = asked.get("owner", "")
    return PreparedTest(book, plan, arms, exam, challenges, seconds, told, allow, earlier, sees, lax, owner)


def arms_of(book: Book, a: Table, b: Table, asked: Asked) -> tuple[Arm, Arm]:
    """Both arms, planned. Raises as `tunebook.plan`, and `ab.same`."""
    from tunebook.verbs.steps.plan import plan

    tables = [item if isinstance(item, ParamTable) else book.tables.get(item) for item in (a, b)]
    start, allow = asked.get("continue_from"), asked.get("allow", frozenset())
    plans = [plan(table, book.data, seed=0, allow=allow, continue_from=start) for table in tables]
    same = plans[0].id == plans[1].id
    if same and not asked.get("aa", False):
        raise PlanError("ab.same", key=f"v{tables[0].version}", other=f"v{tables[1].version}")
    return Arm(tables[0], plans[0]), Arm(tables[1], plans[1], _APART if same else 0)


def _charged(book: Book, fresh: ABPlan, planned: Callable[[Sequence[Taken]], ABPlan], metric: str) -> ABPlan:
    """The plan of the same test if there is one that has ended, or was begun; else a new one.

    A test that has ended is asked for again whatever was spent after it. One that was begun goes on if nothing was.
    """
    begun = _begun(book, fresh)
    ended = {item.test for item in logged_tests(book)}
    for before in begun:
        if before.id in ended or (book.path / "tests" / before.id / "verdict.json").is_file():
            return before
    plan = planned(_taken(book, fresh, metric))
    return next((before for before in begun if (before.past, before.looks) == (plan.past, plan.looks)), plan)


def _begun(book: Book, plan: ABPlan) -> list[ABPlan]:
    """Plans of the same test, wherever its files of challenges lay and whatever had been spent before it; also those
    that only the log knows."""
    found = [item.plan for item in logged_tests(book) if item.plan and _asked(item.plan) == _asked(plan)]
    for path in sorted((book.path / "tests").glob("*/plan.json")):
        with suppress(BookError):
            before: ABPlan = read_json(ABPlan, path)
            if before.id == path.parent.name and _asked(before) == _asked(plan):
                found.append(before)
    return found


def _asked(plan: ABPlan) -> dict[str, Any]:
    """What was asked of a test: all of its plan but where files lie and what its looks may spend."""
    each: Any = {"challenges": {"__all__": {"path"}}, "looks": {"__all__": {"alpha"}}}
    return plan.model_dump(mode="json", exclude={**dict.fromkeys((*ABPlan.outside, "past", "elsewhere"), True), **each})


def _warnings(plan: ABPlan, verdicts: Sequence[Verdict]) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    if plan.n < _FEW_ROWS and 0 < plan.delta <= 0.02:
        found.append(("ab.warn.few_rows", {"rows": plan.n, "points": f"{plan.delta * 100:g}"}))
    earlier = [verdict for verdict in verdicts if _of_same(verdict, plan)]
    if earlier:
        found.append(("ab.warn.again", {"count": len(earlier), "a": f"v{plan.a}", "b": f"v{plan.b}"}))
    return found


def _lax(book: Book, plan: ABPlan, planned: Callable[..., ABPlan]) -> Lax | None:
    """In what a test is laxer than the book's gate asks for; of a table against itself nothing is asked."""
    if plan.shift:
        return None
    with suppress(PlanError):  # a gate that cannot be kept says so at the promotion
        return laxer(plan, planned(options={}), book.file.gate)
    return None


def _explores(lax: Lax | None) -> list[tuple[str, dict[str, Any]]]:
    """A test by a laxer rule than the gate's: it was not forbidden, but it proves nothing."""
    return [("ab.warn.explores", {"row": lax.key, "value": lax.value, "allowed": lax.allowed})] if lax else []


def _few_groups(exam: Exam) -> list[tuple[str, dict[str, Any]]]:
    """Groups that say no more than a few of one size would."""
    if exam.groups is None or (worth := Sizes.of(exam.groups).effective) >= _FEW_GROUPS:
        return []
    return [("ab.warn.few_groups", {"groups": exam.count, "rows": len(exam.rows), "worth": f"{worth:.1f}"})]


def _idle(arms: tuple[Arm, Arm]) -> list[tuple[str, dict[str, Any]]]:
    """Rows that differ between the arms and train nothing in either, for a technique's row takes their place."""
    a, b = (flat(arm.base.params.model_dump(), arm.base.techniques) for arm in arms)
    instead = [(row, own) for row, own in replaced(b).items() if replaced(a).get(row) == own and a[row] != b[row]]
    return [("ab.warn.idle", {"row": row, "own": own}) for row, own in instead]


def _uncrossed(book: Book, arms: tuple[Arm, Arm], plan: ABPlan, exam: Exam) -> list[tuple[str, dict[str, Any]]]:
    """Runs that there are already, and whose checkpoint was chosen on the rows that are scored."""
    results = [known(book.path / "runs", arm.plan(seed)) for arm in arms for seed in plan.seeds]
    count = sum(result is not None and uncrossed(result.run, exam) for result in results)
    return [("ab.warn.uncrossed", {"count": count})] if count else []


def _seen(book: Book, challenges: Sequence[Exam]) -> list[tuple[str, dict[str, Any]]]:
    """Challenge files with rows that are trained on."""
    from tunebook.data.load import load

    if not challenges:
        return []
    train = load(book.data, "train")
    rows = set(zip(train.texts, train.pairs or train.texts, strict=True))
    found = []
    for exam in challenges:
        count = sum(row in rows for row in zip(exam.rows.texts, exam.rows.pairs or exam.rows.texts, strict=True))
        if count:
            found.append(("ab.warn.challenge_seen", {"file": exam.name, "count": count, "rows": len(exam.rows)}))
    return found


def _taken(book: Book, plan: ABPlan, metric: str) -> list[Taken]:
    """The looks that other tests of the same tables have taken on these rows with the first seeds, as the log tells.

    Seeds that were named cannot be counted together with those of another test: such a test spends nothing and is
    charged nothing. It may explore; it does not prove. Nor does one with a larger alpha than the gate's, on which no
    promotion could rest. A test in another metric than the gate's explores too, and is charged those in its own only.
    """
    if not nested(plan.seeds):
        return []
    tests = counted(book, plan, Gate(metric=plan.metric, alpha=plan.alpha))
    found = [look for look in taken(tests, plan, plan.alpha) if look.test != plan.id]
    return found if plan.metric == metric else [look for look in found if not look.draw]


def _of_same(verdict: Verdict, plan: ABPlan) -> bool:
    tables = (verdict.a_values, verdict.b_values) == (plan.a_values, plan.b_values)
    tables = tables and verdict.continues == run_name(plan)
    return tables and verdict.content == plan.content and verdict.test != plan.id


def run_name(plan: ABPlan) -> str:
    """Id of the run that both arms continue from; empty for none."""
    return plan.continues.name if plan.continues else ""


__all__ = ["Course", "PreparedTest", "Table", "arms_of", "foreseen_test", "prepare_test", "run_name"]
