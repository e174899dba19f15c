"""tunebook soup and merge: several runs as one model, and a run's model as one that plain transformers loads."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, warn
from tunebook.cli.bars import Bars
from tunebook.cli.choose import run_at
from tunebook.cli.options import Books, RunName, argument, option, wrong
from tunebook.core.locations import AUTO
from tunebook.core.messages import say
from tunebook.models.gguf_file import KINDS as GGUF_KINDS

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.lineage import Recipe
    from tunebook.verbs.soup import Soup
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run


def soup(
    book: Books,
    runs: Annotated[list[str] | None, argument("soup_runs", "RUN")] = None,
    method: Annotated[str, option("soup_method", "--method", metavar="greedy|uniform")] = "greedy",
) -> Answer:
    """Average runs."""
    from tunebook.verbs.soup import soup as act
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    with Bars() as bars:
        found = act([_named(opened, name) for name in runs] if runs else opened, method=method, progress=bars)  # type: ignore[arg-type]
    return Answer(_data(found), lambda screen: _tell(screen, found), _next(book, found))


def _named(book: Book, name: str) -> Run:
    """A run by its folder, its id or the beginning of its id.

    Raises:
        BookError: there is no such run.
    """
    from tunebook.verbs.steps.runs import Run

    path = Path(name)
    return Run(path) if (path / "plan.json").is_file() else book.run(name)


def _data(found: Soup) -> dict[str, Any]:
    recipe = found.recipe
    return {
        "run": found.run.id if found.run else None,
        "path": str(found.run.path) if found.run else None,
        "fresh": found.fresh,
        **recipe.model_dump(mode="json"),
        "best": recipe.best.run,
        "taken": recipe.taken,
        "better": recipe.better,
    }


def _next(book: Path, found: Soup) -> tuple[str, ...]:
    """Ask the test rows; and one model of the ensemble, where that is worth more than any run."""
    recipe = found.recipe
    named = [*([found.run.id] if found.run else []), recipe.best.run]
    asked = [command("eval", book, "--run", run) for run in named]
    if recipe.ensemble < max(recipe.score, recipe.best.score):
        return tuple(asked)
    teachers = ",".join(item.run for item in recipe.ingredients)
    rows = (f"distill.teacher={teachers}", "distill.weight=1")
    note = say("soup.note", runs=len(recipe.ingredients))
    return (*asked, command("table", "set", book, *rows, "--note", note))


def _tell(screen: Console, found: Soup) -> None:
    from tunebook.core.formatting import metric_name, score_text

    recipe = found.recipe
    screen.print(say("soup.validation", metric=metric_name(recipe.metric), rows=recipe.rows), style="bold")
    heads = [say("cli.run"), *(say(f"soup.{name}") for name in ("alone", "mean", "taken"))]
    lines = [
        (item.run, score_text(item.score), score_text(item.mean), say("soup.yes" if item.taken else "soup.no"))
        for item in recipe.ingredients
    ]
    screen.print(grid(heads, lines, right=(1, 2)))
    screen.print()
    screen.print(facts(_standing(found)))
    screen.print()
    _conclude(screen, found)
    warn(screen, (say("soup.left", why=why) for why in recipe.left.values()))


def _standing(found: Soup) -> list[tuple[str, str]]:
    """Soup, best run and ensemble, each with its score and what it costs to ask."""
    from tunebook.core.formatting import score_text

    recipe = found.recipe
    offered, taken = len(recipe.ingredients), len(recipe.taken)
    soups = (say("soup.soup", taken=taken, offered=offered), f"{score_text(recipe.score)}  {say('soup.as_one')}")
    return [
        *([soups] if found.run else []),
        (say("soup.best"), score_text(recipe.best.score)),
        (
            say("soup.ensemble", offered=offered),
            f"{score_text(recipe.ensemble)}  {say('soup.times', offered=offered)}",
        ),
    ]


def _conclude(screen: Console, found: Soup) -> None:
    """What the soup is worth, where it lies, and what its score is not."""
    recipe = found.recipe
    mark, style = ("✓", "green") if recipe.better and recipe.gain.low > 0 else ("?", "yellow")
    screen.print(f"{mark} {_sentence(found)}", style=style)
    screen.print(say("soup.chosen"))
    if found.run is None:
        return
    screen.print(facts([(say("cli.run"), found.run.id), (say("cli.model"), found.run.model)]))
    screen.print(say("soup.newest" if found.fresh else "soup.before"), style="dim")


def _sentence(found: Soup) -> str:
    from tunebook.core.formatting import amount, score_text

    recipe: Recipe = found.recipe
    if found.run is None:
        return say("soup.none", best=recipe.best.run)
    if recipe.score == recipe.best.score:
        return say("soup.equal", score=score_text(recipe.score))
    gain = recipe.gain
    ends = {"low": amount(gain.low, recipe.metric), "high": amount(gain.high, recipe.metric)}
    size = amount(abs(recipe.score - recipe.best.score), recipe.metric, sign=False)
    if not recipe.better:
        return say("soup.worse", gain=size, best=recipe.best.run, **ends)
    return say("soup.better" if gain.low > 0 else "soup.unsure", gain=size, **ends)


def merge(
    source: Annotated[Path, argument("merged_run", "BOOK|RUN")],
    into: Annotated[Path, option("merge_into", "--into", metavar="FOLDER")],
    run: RunName = AUTO,
    gguf: Annotated[str, option("merge_gguf", "--gguf", metavar="|".join(GGUF_KINDS))] = "",
) -> Answer:
    """Make one plain model of a run."""
    from tunebook.report.card import notes_of
    from tunebook.verbs.steps.merge import merge as act
    from tunebook.verbs.steps.merge_gguf import check, gguf_of

    chosen = run_at(source, run)
    if gguf and gguf not in GGUF_KINDS:
        raise wrong("--gguf", gguf, " | ".join(GGUF_KINDS))
    if gguf:
        check(chosen, gguf)
    merged = act(chosen, into)
    packed = gguf_of(chosen, merged, gguf) if gguf else None

    def tell(screen: Console) -> None:
        done = say("merge.done", into=merged.folder, difference=f"{merged.difference:.1e}", rows=merged.rows)
        screen.print(f"✓ {done}", style="green")
        screen.print(facts([(say("cli.run"), merged.run), (say("cli.model"), merged.folder)]))
        screen.print(say("merge.load", library=merged.library, load=merged.load))
        if packed:
            told = {**asdict(packed), "difference": f"{packed.difference:.1e}"}
            screen.print(f"✓ {say('gguf.done', **told)}", style="green")
        for note in notes_of(chosen.plan):
            screen.print(note)

    go = command("init", "NEW-BOOK", "--data", "FILE", "--task", chosen.plan.task, "--model", merged.folder)
    more = {"gguf": {**asdict(packed), "file": str(packed.file)}} if packed else {}
    return Answer({**asdict(merged), "folder": str(merged.folder), **more}, tell, (go,))


__all__ = ["merge", "soup"]
