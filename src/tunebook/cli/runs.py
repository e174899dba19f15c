"""tunebook runs and stages: what has been trained, and what is trained before a table's own training."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, grid, predict_command
from tunebook.cli.choose import chosen_table
from tunebook.cli.options import Allowed, Books, Chosen, option, repeated_options
from tunebook.core.errors import TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console


_TEST = "ab"  # the command that began a run
_MOST = 50  # runs that are shown unless all are asked for


def runs(book: Books, every: Annotated[bool, option("all_entries", "--all")] = False) -> Answer:
    """List the runs of a book, newest first."""
    from tunebook.verbs.runs import known_runs
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    newest = opened.runs[::-1]
    most = len(newest) if every else _MOST
    found = known_runs(newest[:most], opened)  # of hundreds of runs only those are read that are shown
    damaged = any(run["fault"] for run in found)
    more = [command("doctor", book)] if damaged else []
    with suppress(TunebookError):  # damaged rows hide no runs
        if any(run["finished"] for run in found):
            more.insert(0, predict_command(opened))
        elif not found:
            more.insert(0, command("train", book))
    over = ("finished", "at_work", "failure", "fault")
    open_ones = [run for run in found if run["table"] and not any(run[key] for key in over)]
    if open_ones:  # the same table finds the run again and goes on where it stopped
        more.insert(0, command("train", book, "--table", open_ones[0]["table"]))
    earlier = newest[most:]
    if earlier:
        more.insert(0, command("runs", book, "--all"))

    def data() -> dict[str, Any]:
        return {"book": str(book), "runs": [*found, *known_runs(earlier, opened)]}

    return Answer(data, lambda screen: _tell(screen, found, len(earlier)), tuple(more))


def _tell(screen: Console, found: list[dict[str, Any]], earlier: int) -> None:
    from tunebook.core.formatting import duration, metric_name, phrase, score_text
    from tunebook.report.plan_words import table_text

    if not found:
        screen.print(say("cli.runs.none"))
        return
    lines = []
    for run in found:
        ends = f" ({score_text(run['interval'][0])} … {score_text(run['interval'][1])})" if run["interval"] else ""
        score = f"{metric_name(run['metric'])} {score_text(run['value'])}{ends}" if run["metric"] else "–"
        score += f" · {say('calibrate.before')}" if run["cuts"] else ""
        state = say("cli.runs.finished" if run["finished"] else "cli.runs.unfinished")
        state = say("train_page.state.trains") if run["at_work"] else state
        state = _failed(run["failure"]) if run["failure"] else state
        state = say("cli.runs.damaged") if run["fault"] else state
        spent = duration(run["seconds"]) if run["seconds"] is not None else "–"
        split = phrase("split", run["split"]) if run["split"] else "–"
        table = "–" if run["seed"] is None else table_text(run)
        table = f"{table} ({_TEST})" if run["arm"] else table
        lines.append((run["run"], table, state, split, score, spent))
    names = ("run", "table", "state", "split", "score", "time")
    screen.print(grid([say(f"cli.{name}") for name in names], lines, right=(5,), whole=(0, 2, 3, 5)))
    for run in found:
        if run["fault"]:
            screen.print(f"! {run['run']}: {run['fault']['message']}", style="yellow", soft_wrap=True)
    if earlier:
        screen.print(say("cli.runs.earlier", count=earlier), style="dim")


def _failed(code: str) -> str:
    """Why a run ended that cannot go on by itself."""
    return say("cli.runs.diverged" if code == "run.diverged" else "memory.state")


def stages(book: Books, chosen: Chosen, allowed: Allowed) -> Answer:
    """List the stages of a table."""
    from tunebook.verbs.stage_facts import stage_facts
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.plan import plan

    opened = open_book(book)
    made = plan(chosen_table(opened, chosen), opened.data, allow=allowed.names)
    found = list(stage_facts(made))
    more = (
        [command("train", book, *repeated_options(chosen, allowed))]
        if found and not all(item["finished"] for item in found)
        else []
    )
    more = more or ([] if found else [command("table", "set", book, "pretrain.file=raw.txt")])
    return Answer({"book": str(book), "stages": found}, lambda screen: _tell_stages(screen, found), tuple(more))


def _tell_stages(screen: Console, found: list[dict[str, Any]]) -> None:
    from tunebook.core.formatting import duration, number, phrase

    if not found:
        screen.print(say("stages.none"))
        return
    lines = [
        (
            item["stage"],
            phrase("task", item["task"]),
            number(item["steps"]),
            say("stages.trained" if item["finished"] else "stages.begun" if item["run"] else "stages.open"),
            duration(item["seconds"]),
            _score(item, "before"),
            _score(item, "after"),
        )
        for item in found
    ]
    names = ("stage", "task", "steps", "state", "time", "before", "after")
    screen.print(grid([say(f"stages.{name}") for name in names], lines))
    used = [(item["stage"], key, _did(item["counters"].get(key, {}))) for item in found for key in item["techniques"]]
    if used:
        screen.print()
        screen.print(grid([say("stages.stage"), say("stages.technique"), say("stages.did")], used))


def _did(counters: dict[str, float]) -> str:
    """What a technique has done, by its own counters."""
    from tunebook.core.formatting import number

    return " · ".join(f"{name.replace('_', ' ')} {number(value)}" for name, value in counters.items()) or "–"


def _score(item: dict[str, Any], when: str) -> str:
    """Perplexity of a language model, the headline metric of any other."""
    from tunebook.core.formatting import metric_name, number, score_text

    scores = item[when]
    if "perplexity" in scores:
        return say("stages.perplexity", value=number(round(scores["perplexity"], 2)))
    return f"{metric_name(item['metric'])} {score_text(scores[item['metric']])}" if scores else "–"


__all__ = ["runs", "stages"]
