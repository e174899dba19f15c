"""Who races: the champion, the recommended table, and tables that are drawn near both."""

from __future__ import annotations

from collections.abc import Iterator

from tunebook.core.border import Allow
from tunebook.core.errors import TunebookError
from tunebook.core.nouns import ParamTable, Plan
from tunebook.core.progress import Progress, Silent
from tunebook.racing.candidates import near
from tunebook.racing.state import CHAMPION, RECOMMENDED, AutoSpec, Candidate, Diary
from tunebook.tables.in_force import diff
from tunebook.verbs.book import Book

_DRAWS = 4  # tables that are drawn for each that is wanted, where some of them cannot be planned


def line_up(
    book: Book, diary: Diary, champion: Plan, allow: Allow, progress: Progress | None = None
) -> dict[str, Plan]:
    """Name -> plan of every table that can be planned; at the first call they are drawn.

    Tables that cannot be planned are noted with the reason, those that train the same run as another are left out.
    """
    from tunebook.verbs.plan import plan

    watch, wanted = progress or Silent(), diary.state.spec.tries
    watch.start("lineup", wanted + 1)
    if diary.state.candidates:
        there = [item for item in diary.state.candidates if item.state != "refused"]
        known = {}
        for item in there:
            known[item.name] = plan(item.table, book.data, allow=allow)
            watch.advance()
        watch.finish()
        return known
    plans, found = {CHAMPION: champion}, [Candidate(name=CHAMPION, table=book.champion, state="champion")]
    watch.advance()
    for name, table in _drawn(book, diary.state.spec, allow):
        if len(plans) > wanted:
            break
        changed = {row["row"]: row["to"] for row in diff(book.champion, table)}
        own = name or str(len(found))
        try:
            made = plan(table, book.data, allow=allow)
        except TunebookError as error:
            why = f"[{error.code}] {error.message}"
            found.append(Candidate(name=own, table=table, changed=changed, state="refused", why=why))
            continue
        if made.id not in {other.id for other in plans.values()}:
            plans[own] = made
            found.append(Candidate(name=own, table=table, changed=changed))
            watch.advance()
    watch.finish()
    diary.state = diary.state.model_copy(update={"candidates": found})  # on disk with the first purchase
    return plans


def _drawn(book: Book, spec: AutoSpec, allow: Allow) -> Iterator[tuple[str, ParamTable]]:
    """The recommended table, where it differs, and as many drawn ones as may be needed.

    Advice is taken on rows that were set on purpose too: the champion, which has them, races against it.
    """
    from tunebook.verbs.recommend import Wish, recommend

    advice = recommend(book, Wish(everything=True), dry_run=True, allow=allow).table
    if advice is not None:
        yield RECOMMENDED, advice
    tables = [book.champion, *([advice] if advice is not None else [])]
    draws = near(tables, spec.tries, spec.id)
    for _ in range(_DRAWS * spec.tries):
        yield "", next(draws)


__all__ = ["line_up"]
