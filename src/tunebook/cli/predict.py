"""tunebook predict: answers for texts, or for the rows of a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, note, run_option, warn
from tunebook.cli.answers import answer_in, tell_answers
from tunebook.cli.backends import told_of
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run
from tunebook.cli.engines import Where
from tunebook.cli.options import Books, Form, RunName, argument, data_options, option, repeated_options, share, wrong
from tunebook.cli.writing import Writing, of_writing
from tunebook.core.backends import EAGER, WANTED
from tunebook.core.errors import TunebookError
from tunebook.core.locations import AUTO
from tunebook.core.messages import say
from tunebook.core.registry import task_of

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.backends.choice import Chosen
    from tunebook.verbs.predict import How
    from tunebook.verbs.steps.runs import Run

_NOTES = ("no_text", "cut", "left_out", "unsure", "rejected")
_FEW = 4  # words alone that are no accident


@dataclass(frozen=True)
class Asked(Where):
    """What is to be answered, how and by whom, and where the answers go."""

    pair: Annotated[list[str] | None, option("pair", "--pair", metavar="TEXT")] = None
    file: Annotated[Path | None, option("file", "--file", metavar="FILE")] = None
    out: Annotated[Path | None, option("out", "--out", metavar="FILE")] = None
    form_out: Annotated[str | None, option("as", "--as", metavar="FORMAT")] = None
    text: Annotated[str | None, option("text", "--text", metavar="COL")] = None
    text_pair: Annotated[str | None, option("text_pair", "--text-pair", metavar="COL")] = None
    top_k: Annotated[int | None, option("top_k", "--top-k", metavar="N")] = None
    reject_below: Annotated[str | None, option("reject_below", "--reject-below", metavar="SCORE")] = None
    batch_size: Annotated[int | None, option("batch_rows", "--batch-size", metavar="N")] = None
    backend: Annotated[str, option("backend", "--backend", metavar="auto|eager|onnx")] = EAGER
    tokens_at_once: Annotated[int | None, of_writing("tokens_at_once", "--tokens-at-once", "N")] = None

    def how(self, bars: Bars, chosen: list[Chosen]) -> How:
        """As the verb takes it; what answered goes into the list."""
        from tunebook.verbs.asking import CALIBRATED

        if self.backend not in WANTED:
            raise wrong("--backend", self.backend, " | ".join(WANTED))
        found: How = {"top_k": self.top_k, "progress": bars, "chosen": chosen.append}
        found["backend"] = self.backend  # type: ignore[typeddict-item]
        if self.reject_below is not None:
            found["reject_below"] = (
                "calibrated" if self.reject_below == CALIBRATED else share("--reject-below", self.reject_below)
            )
        if self.batch_size is not None:
            found["batch_size"] = self.batch_size
        if self.tokens_at_once is not None:
            found["tokens_at_once"] = self.tokens_at_once
        return found


def predict(
    book: Books,
    asked: Asked,
    form: Form,
    writing: Writing,
    texts: Annotated[list[str] | None, argument("texts", "TEXT")] = None,
    run: RunName = AUTO,
) -> Answer:
    """Answer texts or the rows of a file."""
    from tunebook.cli.answers import check_out, save, save_files
    from tunebook.verbs.steps.book import open_book

    manner: Any = {**writing.checked(), "system": writing.system}
    found = chosen_run(open_book(book), run)
    if bool(texts) == bool(asked.file):
        raise TunebookError("cli.predict_what", key="TEXT | --file")
    asked.check()
    if asked.engine != "local" and not asked.file:
        raise wrong("--engine", asked.engine, "--file FILE")
    task = task_of(found.plan.task)()
    writer = None if asked.out is None else check_out(asked.out, task.writers(), asked.form_out)
    if asked.form_out is not None and asked.out is None:
        raise TunebookError("cli.as_out", key="--as", value=asked.form_out)
    note(say("cli.predict.loading"))
    lines = texts == ["-"]
    texts = _lines(form.encoding) if lines else texts
    chosen: list[Chosen] = []
    with Bars() as bars, asked.used(bars):
        how: How = {**asked.how(bars, chosen), **manner}
        rows, names = _of_file(found, asked, form, how) if asked.file else _of_texts(found, texts or [], asked, how)
    rows = [{"line": number, **row} for number, row in enumerate(rows, start=1)] if lines else rows
    told = _told(found, rows, asked)
    if chosen:
        note(told_of(chosen[-1]))
    if asked.out is None:
        go = command("predict", book, *repeated_options(asked, form, writing), *run_option(run), "--out", "answers.csv")
        return Answer(
            rows,
            lambda screen: _tell(screen, found, (rows, names), asked.top_k, told),
            (go,) if asked.file else (),
            lines=True,
        )
    if writer is not None:
        texts = [str(row[names[0]] or "") for row in rows]
        said_of = [answer_in(row, task, found.plan.labels) for row in rows]
        save_files(writer.write(texts, said_of), asked.out, writer)
    else:
        key = next(iter(task.blank(found.plan.labels)))
        records = frozenset({key, f"predicted_{key}"} if task.records else ())
        save(_ranked(rows) if asked.top_k and asked.out.suffix.lower() != ".jsonl" else rows, asked.out, records)
    done = say("cli.predict.saved", rows=len(rows), path=asked.out)
    counts = {name: sum(name in _notes(row) for row in rows) for name in _NOTES}
    by = {"backend": chosen[-1].model_dump(mode="json")} if chosen else {}
    data = {"out": str(asked.out), "rows": len(rows), "run": found.id, **counts, **by}

    def tell(screen: Console) -> None:
        screen.print(f"✓ {done}", style="green", soft_wrap=True)
        warn(screen, told)

    return Answer(data, tell)


def _of_file(run: Run, asked: Asked, form: Form, how: How) -> tuple[list[dict[str, Any]], list[str]]:
    """Answers for the rows of a file, and the names of its columns of texts."""
    from tunebook.verbs.predict import predict_file, text_columns

    assert asked.file is not None
    options = data_options(form, asked)
    rows = predict_file(run, asked.file, options, **how)
    names = [name for name in text_columns(run, options) if name]
    alone = list(rows[0])[:1] if rows else []  # a plain list of texts, whatever its heading
    return rows, [name for name in names if rows and name in rows[0]] or alone


def _of_texts(run: Run, texts: list[str], asked: Asked, how: How) -> tuple[list[dict[str, Any]], list[str]]:
    """Answers for texts, and the names under which the texts stand beside them."""
    from tunebook.verbs.predict import predict as answer

    pairs = asked.pair
    if pairs and len(pairs) != len(texts):
        raise TunebookError("cli.pairs", key="--pair", value=len(pairs), texts=len(texts))
    answers = answer(run, texts, pairs, **how)
    second = [{"pair": pair} for pair in pairs] if pairs else [{}] * len(texts)
    rows = [{"text": text, **other, **item} for text, other, item in zip(texts, second, answers, strict=True)]
    return rows, ["text", "pair"] if pairs else ["text"]


def _lines(encoding: str | None) -> list[str]:
    """The lines of the standard input, in whatever encoding a file may have."""
    from tunebook.data.encoding import decode

    data = sys.stdin.buffer.read() if sys.stdin is not None else b""
    if not data:
        return []
    text = decode(data, Path("-"), encoding).data.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def _ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows for a sheet, the best classes side by side: a column for each class would mostly be empty."""
    wide = []
    for row in rows:
        name = "predicted_scores" if "predicted_scores" in row else "scores"
        best: dict[str, Any] = {}
        for place, (label, score) in enumerate(row[name].items(), start=1):
            best |= {f"label {place}": label, f"score {place}": score}
        wide.append({**{key: value for key, value in row.items() if key != name}, **best})
    return wide


def _notes(row: dict[str, Any]) -> Sequence[str]:
    return row.get("predicted_notes", row["notes"])  # type: ignore[no-any-return]


def _told(run: Run, rows: list[dict[str, Any]], asked: Asked) -> list[str]:
    """What is to be known of all answers together."""
    counts = {name: sum(name in _notes(row) for row in rows) for name in _NOTES}
    fields = {"rows": len(rows), "length": run.plan.params.max_length, "bound": asked.reject_below}
    parts = "_parts" if task_of(run.plan.task).windows else ""
    alone = asked.file is not None and _are_words(run, rows)
    words = [say("predict.told_words", path=asked.file)] * alone
    return words + [
        say(f"predict.told_{name}{parts if name == 'rejected' else ''}", count=count, **fields)
        for name, count in counts.items()
        if count
    ]


def _are_words(run: Run, rows: list[dict[str, Any]]) -> bool:
    """Whether a model of marked places was given single words as texts: sentences, a word a line, in a file whose name
    does not say so."""
    from tunebook.data.kind import column_kind

    if not column_kind(run.plan.labels.problem).of_words:
        return False
    texts = [str(next(iter(row.values()))) for row in rows]
    return all(len(text.split()) < 2 for text in texts) and sum(map(bool, map(str.strip, texts))) >= _FEW


def _tell(
    screen: Console, run: Run, answered: tuple[list[dict[str, Any]], list[str]], top_k: int | None, told: list[str]
) -> None:
    plan, (rows, names) = run.plan, answered
    few = None if top_k is None else max(top_k - 1, 0)
    tell_answers(screen, rows, task_of(plan.task)(), plan.labels, names, few=few)
    warn(screen, told)


__all__ = ["Asked", "predict"]
