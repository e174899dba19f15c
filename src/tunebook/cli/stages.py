"""tunebook stages: what is trained before a table's own training, and what it gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import Answer, command, grid
from tunebook.cli.choose import chosen_table
from tunebook.cli.options import Allowed, Books, Chosen, said
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console


def stages(book: Books, chosen: Chosen, allowed: Allowed) -> Answer:
    """List the stages of a table."""
    from tunebook.verbs.stage_facts import stage_facts
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.plan import plan

    opened = open_book(book)
    made = plan(chosen_table(opened, chosen), opened.data, allow=allowed.names)
    found = list(stage_facts(made))
    more = (
        [command("train", book, *said(chosen, allowed))]
        if found and not all(item["finished"] for item in found)
        else []
    )
    more = more or ([] if found else [command("table", "set", book, "pretrain.file=raw.txt")])
    return Answer({"book": str(book), "stages": found}, lambda screen: _tell(screen, found), tuple(more))


def _tell(screen: Console, found: list[dict[str, Any]]) -> None:
    from tunebook.core.words import duration, number, phrase

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
    from tunebook.core.words import number

    return " · ".join(f"{name.replace('_', ' ')} {number(value)}" for name, value in counters.items()) or "–"


def _score(item: dict[str, Any], when: str) -> str:
    """Perplexity of a language model, the headline metric of any other."""
    from tunebook.core.words import metric_name, number, score_text

    scores = item[when]
    if "perplexity" in scores:
        return say("stages.perplexity", value=number(round(scores["perplexity"], 2)))
    return f"{metric_name(item['metric'])} {score_text(scores[item['metric']])}" if scores else "–"


__all__ = ["stages"]
