"""How a run is done again: the commands that make the same plan of the same book."""

from __future__ import annotations

import shlex
from contextlib import suppress

from tunebook.core.errors import TunebookError
from tunebook.core.nouns import Plan
from tunebook.core.places import home_of
from tunebook.core.soup import Recipe
from tunebook.verbs.runs import TABLE, Run

BOOK = "BOOK"  # stands for the folder of the book


def again(run: Run) -> list[str]:
    """Commands that repeat a run and its scores, for the shell; `BOOK` stands for the folder of the book."""
    from tunebook.verbs.soup import read_recipe

    recipe = read_recipe(run)
    first = _soup(recipe) if recipe else _train(run, run.plan)
    return [shlex.join(["tunebook", *words]) for words in (first, ["eval", BOOK, "--run", "latest"])]


def _soup(recipe: Recipe) -> list[str]:
    return ["soup", BOOK, *(item.run for item in recipe.ingredients), "--method", recipe.method]


def _train(run: Run, plan: Plan) -> list[str]:
    words = ["train", BOOK]
    if plan.values:
        home = home_of(run.path)
        table = run.path.absolute() / TABLE
        words += ["--table", f"{BOOK}/{table.relative_to(home).as_posix()}" if home else str(table)]
    elif plan.table_version:
        words += ["--table", f"v{plan.table_version}", *_seed(run, plan)]
    if plan.continues is not None:
        beside = plan.continues.parent == run.path.absolute().parent
        words += ["--continue-from", plan.continues.name if beside else str(plan.continues)]
    words += [f"--allow-{name.replace('_', '-')}" for name in plan.allowed]
    return [*words, "--again"]


def _seed(run: Run, plan: Plan) -> list[str]:
    """The seed, where it is not that of the version: the arms of a test have seeds of their own."""
    from tunebook.tables.store import TableStore

    with suppress(TunebookError):
        if TableStore(run.book / "tables").get(plan.table_version).values()["seed"] == plan.seed:
            return []
    return ["--set", f"seed={plan.seed}"]


__all__ = ["BOOK", "again"]
