"""tunebook auto: from a book to a proven better table. Exit code 0 if one was promoted, 1 if none was."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tunebook.cli.answer import Answer, command, console, facts, grid, note, warn
from tunebook.cli.bars import Bars
from tunebook.cli.engines import Where
from tunebook.cli.options import Allowed, Books, option
from tunebook.core.errors import RunError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.racing.outcome import AutoResult
    from tunebook.verbs.racing.state import AutoState, Costs

NO = 1
_STYLES = {"promoted": "green", "refused": "yellow", "not_passed": "yellow"}


@dataclass(frozen=True)
class Budget(Where):
    """How long it may take, how many tables race, and where."""

    minutes: Annotated[float, option("auto_minutes", "--minutes", metavar="N")] = 30.0
    tries: Annotated[int, option("auto_try", "--try", metavar="N")] = 6
    again: Annotated[bool, option("auto_again", "--again")] = False


def auto(book: Books, budget: Budget, allowed: Allowed) -> Answer:
    """Race, test, promote."""
    from tunebook.verbs.auto import auto as act
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    note(say("auto.planning", tries=budget.tries))
    budget.check()
    with PurchaseBars() as shop, budget.used(shop):
        shop.minutes = budget.minutes
        try:
            result = act(opened, **budget.own(), allow=allowed.names, progress=shop)
        except RunError:
            if shop.state is not None and shop.state.candidates:
                _stand(console(stderr=True), shop.state, budget.minutes)
            raise
    return Answer(
        result.to_json(),
        lambda screen: _tell(screen, result),
        _next(book, result, budget),
        0 if result.promoted else NO,
    )


class PurchaseBars(Bars):
    """Bars that also say what was bought, line by line.

    Attributes:
        minutes: the budget.
        state: where it was interrupted; None before that.
    """

    announced = ("ab", "promote", "verdict")
    minutes = 0.0
    state: AutoState | None = None

    def begins(self, state: AutoState, costs: Costs) -> None:
        """Say what the work will cost, and which tables cannot take part in it."""
        from tunebook.core.formatting import duration
        from tunebook.report.auto_words import candidate_name

        self.metric = state.spec.metric
        words = {name: duration(getattr(costs, name)) for name in ("each", "rung", "proof", "left")}
        note(say("auto.begins", auto=state.spec.id, count=len(state.field), champion=f"v{state.spec.version}", **words))
        for item in state.candidates:
            if item.state == "refused":
                note(say("auto.refused", name=candidate_name(item.name), why=item.why), style="yellow")
        if costs.rung + costs.proof > costs.left and not state.finalist:
            note(say("auto.short"), style="yellow")
        if not state.baselines:
            note(say("auto.baselines"))

    def bought(self, state: AutoState, name: str) -> None:
        """Say what was bought for a table, or which baseline was measured."""
        from tunebook.core.formatting import baseline_name, duration, metric_name, score_text
        from tunebook.report.auto_words import candidate_name

        metric = metric_name(state.spec.metric)
        for baseline in state.baselines:
            if baseline.name == name:
                words = {"score": score_text(baseline.score), "time": duration(baseline.seconds)}
                note(say("auto.baseline", name=baseline_name(name), metric=metric, **words))
                return
        item = state.named(name)
        if item.state == "failed":
            note(say("auto.failed", name=candidate_name(name), why=item.why), style="yellow")
            return
        note(
            say(
                "auto.bought",
                name=candidate_name(name),
                seed=state.spec.seeds[len(item.scores) - 1],
                metric=metric,
                score=score_text(item.scores[-1]),
                spent=duration(state.seconds),
                limit=duration(self.minutes * 60),
            )
        )

    def stopped(self, state: AutoState) -> None:
        """Keep where it stands."""
        self.state = state


def _stand(screen: Console, state: AutoState, minutes: float) -> None:
    """What was bought so far."""
    from tunebook.report.auto_words import spent_text, standing_headings, standing_rows

    screen.print(grid(standing_headings(state.spec.metric), standing_rows(state), right=(2, 3, 4)))
    screen.print()
    screen.print(facts([(say("auto.spent"), spent_text(state, minutes))]))


def _tell(screen: Console, result: AutoResult) -> None:
    from tunebook.report.ab_words import sentence, settle_text
    from tunebook.report.auto_words import baseline_text, best_of_n_text, broken_texts, ending

    state = result.state
    mark = "✓" if result.promoted else "–"
    screen.print(f"{mark} {ending(result)}", style=_STYLES.get(state.ended))
    if result.verdict is not None:
        told = [sentence(result.verdict), settle_text(result.verdict), *broken_texts(result)]
        told += [str(state.reason)] if state.ended == "refused" else []
        for text in filter(None, told):
            screen.print(text)
    screen.print()
    _stand(screen, state, result.minutes)
    screen.print()
    best, cheap = state.best_baseline, baseline_text(state)
    if best is not None and best.better:
        warn(screen, [cheap])
    elif cheap:
        screen.print(cheap)
    if luck := best_of_n_text(state.luck, state.spec.metric):
        screen.print(luck)
    screen.print(facts([(say("cli.report"), result.path / "report.html")]))


def _next(book: Path, result: AutoResult, budget: Budget) -> tuple[str, ...]:
    state = result.state
    tries = ("--try", budget.tries) if budget.tries != Budget.tries else ()
    if not state.ended:
        minutes = math.ceil(result.minutes + state.needed / 60)
        return (command("auto", book, "--minutes", minutes, *tries),)
    further = command("auto", book, "--again", *tries)
    if result.promoted:
        return (
            command("table", "diff", book, f"v{result.before}", f"v{result.champion}"),
            command("table", "log", book),
        )
    verdict = result.verdict
    if verdict is not None and (seeds := _decisive_seeds(result)):
        return (command("ab", book, f"v{verdict.a}", f"v{verdict.b}", "--seeds", seeds), further)
    return (further, command("table", "search", book))


def _decisive_seeds(result: AutoResult) -> int:
    """Seeds that may still decide the test, twice as many where only guardrails are open; 0 where none would."""
    from tunebook.report.auto_words import beyond

    verdict = result.verdict
    if verdict is None:
        return 0
    if result.broken:
        return 0 if any(map(beyond, result.broken)) else 2 * verdict.seeds
    return int(verdict.settle.get("seeds") or 0) if verdict.verdict == "INCONCLUSIVE" else 0


__all__ = ["Budget", "PurchaseBars", "auto"]
