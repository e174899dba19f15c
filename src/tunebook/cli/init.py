"""tunebook init: a new book from data files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, note, warn
from tunebook.cli.options import Allowed, Books, Form, data_options, option, repeated_options
from tunebook.core.errors import TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import DataRef, ParamTable
    from tunebook.verbs.steps.book import Book

_WARNINGS = 4  # that are told unless all is asked for; the data report has them all
_ROLES, _SPLIT = "columns", "rows"


_OF_QUERIES = {"text": "query", "label": "passages"}  # what columns are called there


@dataclass(frozen=True)
class Sources:
    """Where rows and model come from, and how much is told of what was made of them."""

    data: Annotated[list[str], option("data", "--data", metavar="FILE")]
    validation: Annotated[str | None, option("validation", "--validation", metavar="FILE")] = None
    test: Annotated[str | None, option("test", "--test", metavar="FILE")] = None
    model: Annotated[str, option("model", "--model", metavar="MODEL")] = "builtin:minilm"
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = ""
    verbose: Annotated[bool, option("verbose", "--verbose")] = False


@dataclass(frozen=True)
class Columns:
    """Which column plays which part, and what the labels are."""

    text: Annotated[str | None, option("text", "--text", metavar="COL", panel=_ROLES)] = None
    text_pair: Annotated[str | None, option("text_pair", "--text-pair", metavar="COL", panel=_ROLES)] = None
    label: Annotated[str | None, option("label", "--label", metavar="COL", panel=_ROLES)] = None
    row_id: Annotated[str | None, option("id", "--id", metavar="COL", panel=_ROLES)] = None
    group: Annotated[str | None, option("group", "--group", metavar="COL", panel=_ROLES)] = None
    time: Annotated[str | None, option("time", "--time", metavar="COL", panel=_ROLES)] = None
    weight: Annotated[str | None, option("weight", "--weight", metavar="COL", panel=_ROLES)] = None
    annotators: Annotated[str | None, option("annotators", "--annotators", metavar="COL,…", panel=_ROLES)] = None
    task: Annotated[str | None, option("task", "--task", metavar="TASK", panel=_ROLES)] = None
    problem: Annotated[str | None, option("problem", "--problem", metavar="KIND", panel=_ROLES)] = None
    label_separator: Annotated[str | None, option("label_separator", metavar="TEXT", panel=_ROLES)] = None
    label_columns: Annotated[str | None, option("label_columns", "--label-columns", metavar="COL,…", panel=_ROLES)] = (
        None
    )
    no_label: Annotated[str | None, option("no_label", "--no-label", metavar="A,B,…", panel=_ROLES)] = None
    label_order: Annotated[str | None, option("label_order", "--label-order", metavar="A,B,…", panel=_ROLES)] = None
    label_names: Annotated[list[str] | None, option("label_name", "--label-name", metavar="OLD=NEW", panel=_ROLES)] = (
        None
    )
    merge_label_case: Annotated[bool, option("merge_label_case", panel=_ROLES)] = True
    max_classes: Annotated[int, option("max_classes", metavar="N", panel=_ROLES)] = 1000
    scheme: Annotated[str | None, option("scheme", "--scheme", metavar="SCHEME", panel=_ROLES)] = None
    overlaps: Annotated[str, option("overlaps", "--overlaps", metavar="WHAT", panel=_ROLES)] = "refuse"
    no_positives: Annotated[str, option("no_positives", "--no-positives", metavar="WHAT", panel=_ROLES)] = "drop"


@dataclass(frozen=True)
class RowRules:
    """How rows are split, cleaned and dropped."""

    split: Annotated[str, option("split", "--split", metavar="SHARES", panel=_SPLIT)] = "7:2:1"
    split_column: Annotated[str | None, option("split_column", "--split-column", metavar="COL", panel=_SPLIT)] = None
    split_by: Annotated[str | None, option("split_by", "--split-by", metavar="WHAT", panel=_SPLIT)] = None
    seed: Annotated[int, option("seed", "--seed", metavar="N", panel=_SPLIT)] = 42
    clean: Annotated[list[str] | None, option("clean", "--clean", metavar="RULE", panel=_SPLIT)] = None
    keep_clean: Annotated[list[str] | None, option("no_clean", "--no-clean", metavar="RULE", panel=_SPLIT)] = None
    duplicates: Annotated[str, option("duplicates", "--duplicates", metavar="WHAT", panel=_SPLIT)] = "remove"
    conflicts: Annotated[str, option("conflicts", "--conflicts", metavar="WHAT", panel=_SPLIT)] = "keep"
    leakage: Annotated[str, option("leakage", "--leakage", metavar="WHAT", panel=_SPLIT)] = "remove"
    max_dropped: Annotated[str, option("max_dropped", "--max-dropped", metavar="SHARE", panel=_SPLIT)] = "5%"


def init(book: Books, sources: Sources, columns: Columns, rules: RowRules, form: Form, allowed: Allowed) -> Answer:
    """Look at the data and make a book."""
    from tunebook.verbs.check import warnings_of
    from tunebook.verbs.init import init as make

    options = data_options(columns, rules, form)
    note(say("cli.init.reading"))
    parts: dict[str, Any] = {"train": sources.data, "validation": sources.validation, "test": sources.test}
    made = make(
        book,
        {name: files for name, files in parts.items() if files},
        model=sources.model,
        options=options,
        owner=sources.owner,
        allow=allowed.names,
    )
    warnings = warnings_of(made, allow=allowed.names)
    refused = _refused(made)
    tell = partial(_tell, book=made, warnings=warnings, whole=sources.verbose, refused=refused)
    more = repeated_options(allowed)
    following: tuple[str, ...] = (command("check", book, *more), command("train", book, *more))
    if refused and made.holds_passages:
        following = (command("mine", book, "--into", "mined.jsonl"),)
    return Answer(_data(made, warnings), tell, following)


def _refused(book: Book) -> TunebookError | None:
    """Why these rows cannot be trained on as they are; None where they can."""
    from tunebook.core.registry import task_of
    from tunebook.core.settings import Filled

    try:
        task_of(book.data.task)().check(book.data.stats, Filled.of_rows(book.champion.values()))
    except TunebookError as error:
        return error
    return None


def _data(book: Book, warnings: list[dict[str, Any]]) -> dict[str, Any]:
    ref, ledger = book.data, book.data.stats["ledger"]
    return {
        "book": str(book.path),
        "task": ref.task,
        "problem": ref.labels.problem,
        "labels": ref.labels.names,
        "columns": {role: column for role, column in ref.roles.model_dump().items() if column},
        "rows_read": ledger["read"],
        "rows_kept": ledger["kept"],
        "rows_dropped": ledger["read"] - ledger["kept"],
        "dropped": ledger["dropped"],
        "rows": ref.rows,
        "header_row": _header_row(ref),
        "table": f"v{book.tables.champion}",
        "report": str(book.path / "data" / "report.html"),
        "warnings": warnings,
    }


def _header_row(ref: DataRef) -> int | None:
    """Row of the heading in the first file of training rows; None where it has none."""
    notes: dict[str, str] = next(iter(ref.stats["files"].values()), {})
    return int(notes["header_row"]) if "header_row" in notes else None


def _tell(
    screen: Console, book: Book, *, warnings: list[dict[str, Any]], whole: bool, refused: TunebookError | None
) -> None:
    """Facts, then what is unusual, then where the reasons are."""
    from tunebook.core.registry import task_of
    from tunebook.data.describe import warning_text
    from tunebook.tables.in_force import techniques_of

    ref, table = book.data, book.champion
    more: list[tuple[str, Any]] = [(say("cli.table"), _proposed(table))]
    own = task_of(ref.task).own
    keys = [key for key in techniques_of(table) if own is None or key != own.key]
    more += [(say("cli.techniques"), ", ".join(keys))] if keys else []
    more.append((say("cli.reason"), command("table", "show", book.path)))
    more.append((say("cli.data_report"), book.path / "data" / "report.html"))
    screen.print(f"✓ {say('cli.init.done', book=book.path)}", style="green", soft_wrap=True)
    screen.print(facts([*data_facts(ref), *more]))
    found = [str(refused)] * bool(refused) + list(map(warning_text, warnings))
    warn(screen, found if whole else found[:_WARNINGS])
    if len(found) > _WARNINGS and not whole:
        screen.print(say("cli.init.more", count=len(found) - _WARNINGS), style="dim")
    if whole:
        screen.print()
        _tell_table(screen, book)


def _proposed(table: ParamTable) -> str:
    """The rows that decide most of what was proposed."""
    from tunebook.core.formatting import shown

    values = {name: shown(value) for name, value in table.values().items()}
    words = {"rate": "learning_rate", "batch": "batch_size", "epochs": "max_epochs", "length": "max_length"}
    return say("cli.init.proposed", version=table.version, **{word: values[row] for word, row in words.items()})


def data_facts(ref: DataRef) -> list[tuple[str, str]]:
    """Task, columns, classes, rows and what was dropped, in words."""
    from tunebook.core.formatting import number, phrase

    ledger = ref.stats["ledger"]
    idle = {"group", "time"} - {str(ref.stats.get("split_by"))}  # found by name, and without a part in the split
    roles = {name: value for name, value in ref.roles.model_dump().items() if value and name not in idle}
    comma, judged = say("cli.comma"), ref.stats.get("judged")
    if judged:  # of queries with passages
        roles = {_OF_QUERIES.get(role, role): name for role, name in roles.items()}
    written = ref.stats.get("writing") or {}
    if "chats" in written or "preferences" in ref.stats:  # which are made of several columns
        roles = {role: name for role, name in roles.items() if role not in ("text", "label")}
    rows = comma.join(f"{phrase('split', name)} {number(count)}" for name, count in ref.rows.items())
    dropped = comma.join(f"{phrase('ledger', reason)} {number(count)}" for reason, count in ledger["dropped"].items())
    language = str(ref.stats.get("language") or "")
    kind = (phrase("task", ref.task), phrase("problem", ref.labels.problem), language and phrase("language", language))
    found = [
        (say("cli.read_as"), _tools(ref)),
        (say("cli.task"), comma.join(filter(None, kind))),
        (say("cli.columns"), comma.join(f"{phrase('role', role)} = {_names(value)}" for role, value in roles.items())),
        (say("cli.types" if ref.labels.kind.classes == "none" else "cli.classes"), _classes(ref)),
        (say("cli.rows"), say("cli.rows_of", read=number(ledger["read"]), kept=number(ledger["kept"]), rows=rows)),
        (say("cli.passages"), _passages(ref) if judged else ""),
        (say("cli.written"), _written(written) if written else ""),
        (say("cli.dropped"), dropped),
    ]
    return [(name, text) for name, text in found if text]


def _written(found: dict[str, Any]) -> str:
    """How long what is asked and the answers are, and what conversations are like."""
    parts = [
        say(f"cli.written.{name}", **{end: f"{found[name][end]:.0f}" for end in ("p50", "p95")})
        for name in ("asked", "answered")
    ]
    if chats := found.get("chats"):
        parts.append(say("cli.written.turns", mean=f"{chats['turns']['mean']:.1f}"))
        shares = ("system", "tools")
        parts += [say(f"cli.written.{name}", share=f"{chats[name]:.0%}") for name in shares if chats[name]]
    return say("cli.comma").join(parts)


def _passages(ref: DataRef) -> str:
    """How many passages there are, and how many judgements."""
    from tunebook.core.formatting import number

    judged, pool = ref.stats["judged"], ref.stats.get("passages", {})
    parts = {"texts": pool.get("count", 0), "relevant": judged["positives"], "others": judged["negatives"]}
    parts |= {"taught": pool["taught"]} if pool.get("taught") else {}
    return say("cli.comma").join(say(f"cli.passages.{name}", count=number(count)) for name, count in parts.items())


def _tools(ref: DataRef) -> str:
    """Tools whose exports the files were found to be."""
    return say("cli.comma").join(dict.fromkeys(n["tool"] for n in ref.stats.get("files", {}).values() if "tool" in n))


def _names(value: Any) -> str:
    return " + ".join(value) if isinstance(value, list) else str(value)


def _classes(ref: DataRef, limit: int = 12) -> str:
    names = ref.labels.names
    if not names:
        return ""
    more = " …" if len(names) > limit else ""
    return say("cli.classes_of", count=len(names), names=say("cli.list").join(names[:limit]) + more)


def _tell_table(screen: Console, book: Book) -> None:
    """The rows that were proposed for this data, with their reasons."""
    from tunebook.core.formatting import shown

    table = book.champion
    rows = [(name, shown(row.value), row.reason) for name, row in table.rows.items() if row.reason]
    screen.print(say("cli.init.table", version=table.version), style="bold")
    screen.print(grid((say("cli.name"), say("cli.value"), say("cli.reason")), rows))


__all__ = ["Columns", "RowRules", "Sources", "data_facts", "init"]
