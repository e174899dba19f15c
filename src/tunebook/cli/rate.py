"""tunebook rate: people judge answers of runs, blind; on this terminal, in files, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, prose, warn
from tunebook.cli.bars import Bars
from tunebook.cli.options import Books, argument, listed, pair
from tunebook.cli.rate_options import NEW, Begin, Mine, only
from tunebook.core.errors import PlanError, TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.rating.files import Imported
    from tunebook.rating.records import Judged, RatingResult
    from tunebook.rating.session import Session
    from tunebook.rating.store import Kept
    from tunebook.verbs.rate import StudyLine
    from tunebook.verbs.steps.book import Book


def rate(
    book: Books,
    begin: Begin,
    mine: Mine,
    action: Annotated[str, argument("rate_action", "ACTION")] = "status",
) -> Answer:
    """Let people judge the answers of runs."""
    from tunebook.verbs.steps.book import open_book

    if action not in _ACTIONS:
        raise TunebookError("cli.option", key="ACTION", value=action, allowed=" | ".join(_ACTIONS))
    only(begin, mine, action)
    return _ACTIONS[action](open_book(book), begin, mine)


def _status(book: Book, begin: Begin, mine: Mine) -> Answer:
    from tunebook.verbs.rate import ratings_of

    found = ratings_of(book)
    new = command("rate", book.path, NEW, "--runs", "RUN,RUN")
    go = (command("rate", book.path, "result"),) if any(line.ratings for line in found) else ()
    data = {"studies": [line.model_dump(mode="json") for line in found]}
    return Answer(data, lambda screen: _tell_studies(screen, found), go if found else (new,))


def _tell_studies(screen: Console, found: list[StudyLine]) -> None:
    if not found:
        prose(screen, say("rate.nothing_yet"))
        return
    lines = [
        (
            line.study, ", ".join(line.runs), ", ".join(line.questions), line.items,
            ", ".join(f"{one.rater} {one.done}/{one.of}" for one in line.raters) or "–",
        )
        for line in found
    ]  # fmt: skip
    headings = (say("rate.study"), say("rate.runs"), say("rate.questions"), say("rate.items"), say("rate.raters"))
    screen.print(grid(headings, lines, right=(3,)))
    warn(screen, [f"{line.study}: {line.fault}" for line in found if line.fault])


def _new(book: Book, begin: Begin, mine: Mine) -> Answer:
    from tunebook.verbs.rate import changes, new_rating

    if begin.runs is None:
        raise PlanError("rate.needs", key="--runs", value=NEW, allowed="--runs RUN,RUN")
    wanted = begin.wanted()
    with Bars() as bars:
        session = new_rating(book, listed(begin.runs), wanted, bars)
    study = session.study
    rows = len({item.row for item in study.items})
    rater = study.raters[0] if study.raters else say("rate.some_name")
    go = (
        command("rate", book.path, "next", "--rater", rater),
        command("rate", book.path, "export", *(() if study.raters else ("--rater", rater)), "--out", "ratings.csv"),
    )

    def tell(screen: Console) -> None:
        prose(screen, say("rate.begun_study", study=study.id, items=len(study.items), rows=rows), "bold")
        for one in study.differing:
            names = {"a": study.runs[one.a].run, "b": study.runs[one.b].run}
            prose(screen, say("rate.differ_note", **names, differ=one.differ, of=one.rows), "dim")
        if rows < wanted.rows:
            warn(screen, [say("rate.fewer", rows=rows, wanted=wanted.rows)])
        if study.split == "test":
            warn(screen, [say("rate.test_note")])
        warn(screen, changes(book, study))
        prose(screen, say("rate.texts_note", path=session.folder), "dim")

    data = {
        "study": study.id, "path": str(session.folder), "items": len(study.items), "rows": rows,
        "questions": study.keys, "raters": study.raters,
        "differing": [one.model_dump(mode="json") for one in study.differing],
    }  # fmt: skip
    return Answer(data, tell, go)


def _next(book: Book, begin: Begin, mine: Mine) -> Answer:
    from tunebook.cli.rate_screen import converse, shown_data
    from tunebook.verbs.rate import open_rating

    mine.needed("next", "rater")
    session = open_rating(book, mine.study)
    session.done(mine.rater)  # a name that is none is told at once

    def data() -> dict[str, Any]:
        return shown_data(session, mine.rater)

    return Answer(data, lambda screen: converse(screen, session, mine.rater), lambda: _after(book, session))


def _after(book: Book, session: Session) -> tuple[str, ...]:
    """The result, once something was rated."""
    return (command("rate", book.path, "result", "--study", session.study.id),) if session.ratings() else ()


def _values(session: Session, mine: Mine) -> dict[str, str]:
    """Question -> value, from `KEY=VALUE`, or of a value alone that of the first question."""
    told: dict[str, str] = {}
    for text in mine.value or ():
        key, value = pair("--value", text) if "=" in text.strip("=") else (session.study.keys[0], text)
        told[key] = value
    return told


def _answer(book: Book, begin: Begin, mine: Mine) -> Answer:
    from tunebook.verbs.rate import open_rating

    mine.needed("answer", "rater", "item", "value")
    session = open_rating(book, mine.study)
    kept = session.give(mine.rater, mine.item, _values(session, mine), source="terminal")
    return _kept(book, session, kept, mine)


def _decide(book: Book, begin: Begin, mine: Mine) -> Answer:
    """An arbiter's word; without an item one case after the other is shown."""
    from tunebook.cli.rate_screen import case_data, judge
    from tunebook.verbs.rate import open_rating

    mine.needed("decide", "rater")
    session = open_rating(book, mine.study)
    if not mine.item:
        return Answer(
            lambda: case_data(session, mine.rater), lambda screen: judge(screen, session, mine.rater),
            lambda: _after(book, session),
        )  # fmt: skip
    mine.needed("decide", "value")
    kept = session.arbitrate(mine.rater, mine.item, _values(session, mine), source="terminal")
    return _kept(book, session, kept, mine)


def _kept(book: Book, session: Session, kept: Kept, mine: Mine) -> Answer:
    data = {"study": session.study.id, "item": mine.item, **kept.model_dump()}
    return Answer(data, lambda screen: prose(screen, say("rate.kept", **kept.model_dump())), _after(book, session))


def _undo(book: Book, begin: Begin, mine: Mine) -> Answer:
    from tunebook.verbs.rate import open_rating

    mine.needed("undo", "rater")
    item = open_rating(book, mine.study).undo(mine.rater, source="terminal")
    said = say("rate.undone", item=item) if item else say("rate.nothing_to_undo")
    return Answer({"item": item}, lambda screen: prose(screen, said))


def _export(book: Book, begin: Begin, mine: Mine) -> Answer:
    from tunebook.rating.files import export_rows, write_rows
    from tunebook.verbs.rate import open_rating

    mine.needed("export", "out")
    session = open_rating(book, mine.study)
    rows = export_rows(session, mine.rater)
    assert mine.out is not None
    path = write_rows(rows, mine.out)
    raters = sorted({row["rater"] for row in rows})
    said = say("rate.exported", rows=len(rows), raters=", ".join(raters))
    go = (command("rate", book.path, "import", "--study", session.study.id, "--file", path),)
    data = {"path": str(path), "rows": len(rows), "raters": raters}
    return Answer(data, lambda screen: prose(screen, said), go)


def _import(book: Book, begin: Begin, mine: Mine) -> Answer:
    from tunebook.rating.files import import_file
    from tunebook.verbs.rate import open_rating

    mine.needed("import", "file")
    session = open_rating(book, mine.study)
    assert mine.file is not None
    found = import_file(session, mine.file)
    code = 1 if found.refused else 0
    return Answer(
        found.model_dump(mode="json"), lambda screen: _tell_import(screen, found), _after(book, session), code
    )


def _tell_import(screen: Console, found: Imported) -> None:
    told = {"rows": found.rows, "empty": found.empty, "twice": found.twice, "refused": len(found.refused)}
    prose(screen, say("rate.imported", file=found.file, **told), "bold")
    prose(screen, say("rate.kept", **found.kept.model_dump()))
    warn(screen, [say("rate.refused_row", row=one.row, reason=one.reason) for one in found.refused])


def _result(book: Book, begin: Begin, mine: Mine) -> Answer:
    from tunebook.verbs.rate import open_rating, rating_result

    found = rating_result(book, mine.study)
    session = open_rating(book, found.study)
    open_cases = sum(not case.arbiter for one in found.judged for case in one.disagreements)
    decide = command("rate", book.path, "decide", "--study", found.study, "--rater", say("rate.some_arbiter"))
    go = (decide,) if open_cases else ()
    return Answer(found.model_dump(mode="json"), lambda screen: _tell(screen, session, (book, found), open_cases), go)


def _tell(screen: Console, session: Session, result: tuple[Book, RatingResult], open_cases: int) -> None:
    from tunebook.report.rating import PAGE, agreement_text, called, runs_of, sentence, title

    book, found = result
    for one in called(found, book).judged:
        prose(screen, title(session, one), "bold")
        prose(screen, sentence(one))
        screen.print(_table(one))
        prose(screen, agreement_text(one), "dim")
        screen.print()
    if open_cases:
        prose(screen, say("rate.cases", count=open_cases))
    warn(screen, list(found.notes))
    runs = [(say("rate.run"), text) for text in runs_of(found, book)]
    screen.print(facts([*runs, (say("rate.page"), session.folder / PAGE)]))


def _table(one: Judged) -> Any:
    from tunebook.report.rating import ends

    if one.duels:
        headings = (say("rate.pair"), say("rate.won_a"), say("rate.ties"), say("rate.won_b"), say("rate.overall"))
        lines = [
            (f"{duel.a} → {duel.b}", f"{duel.won_a:.0%}", f"{duel.ties:.0%}", f"{duel.won_b:.0%}",
             ends(duel.overall, "+"))
            for duel in one.duels
        ]  # fmt: skip
        return grid(headings, lines, right=(1, 2, 3))
    headings_of = (say("rate.run"), say("rate.mean"), say("rate.rows"))
    return grid(headings_of, [(item.run, ends(item.mean), item.rows) for item in one.points], right=(2,))


_ACTIONS: dict[str, Callable[[Book, Begin, Mine], Answer]] = {
    "status": _status, NEW: _new, "next": _next, "answer": _answer, "undo": _undo, "decide": _decide,
    "export": _export, "import": _import, "result": _result,
}  # fmt: skip


__all__ = ["rate"]
