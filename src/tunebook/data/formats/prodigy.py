"""Prodigy's JSON Lines: a decision a line, with the answer accept, reject or ignore."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from tunebook.data.annotated_spans import marked_export
from tunebook.data.exports import Export, Format
from tunebook.data.formats.spans import read_spans
from tunebook.data.preview import Preview
from tunebook.data.votes import Answer, join_answers

_ANSWERS = ("accept", "reject", "ignore")
_LEFT = {"reject": "rejected", "ignore": "skipped"}
_OWN = frozenset({"answer", "accept", "label", "options", "config", "spans", "tokens", "html", "style", "priority"})


class Prodigy(Format):
    """Texts with the labels, options or marked places that were accepted."""

    title: ClassVar[str] = "Prodigy"

    def fits(self, preview: Preview) -> bool:
        """Every row has an answer, and is otherwise a decision on a text."""
        return bool(preview.objects) and all(
            row.get("answer") in _ANSWERS and ("_task_hash" in row or {"label", "accept", "spans"} & set(row))
            for row in preview.objects
        )

    def read(self, preview: Preview) -> Export:
        """One row a text: a label by itself is a question of yes or no, options are a choice."""
        rows = preview.rows()
        if not any("label" in row or "accept" in row for _, row in rows):
            if not any("spans" in row for _, row in rows):
                raise self.refusal("unlabelled", preview)
            return marked_export(preview, _joined(_marked(number, row) for number, row in rows), "text", {})
        names = {row["label"] for _, row in rows if isinstance(row.get("label"), str)}
        answers = _joined(_answer(number, row, names) for number, row in rows)
        return join_answers(_settled(answers), "label" if preview.labelled else None, {"text": "text"})


def _marked(number: int, row: dict[str, Any]) -> Answer:
    """The places that a person marked, or the one that was asked for."""
    answer = _answer(number, {name: value for name, value in row.items() if name != "label"}, set())
    return replace(answer, said=read_spans(row.get("spans") or []))


def _answer(number: int, row: dict[str, Any], names: set[str]) -> Answer:
    verdict, label, chosen = row["answer"], row.get("label"), row.get("accept")
    labels = tuple(str(item) for item in chosen) if isinstance(chosen, list) else (str(label),) if label else ()
    if verdict == "reject" and len(names) == 1 and not isinstance(chosen, list):
        verdict, labels = "accept", (f"not {label}",)  # the only label was asked for: its opposite is a class
    columns = {name: value for name, value in row.items() if name not in _OWN and not name.startswith("_")}
    who = str(row.get("_annotator_id") or row.get("_session_id") or "")
    return Answer(row.get("_input_hash", row.get("text")), number, columns, who, labels, _LEFT.get(verdict, ""))


def _joined(answers: Iterator[Answer]) -> list[Answer]:
    """The labels that a person accepted for a text, decision by decision, as one answer."""
    found: dict[tuple[Any, str], Answer] = {}
    for answer in answers:
        key = (answer.item, answer.who)
        there = found.get(key)
        if there is None or (there.left_out and not answer.left_out):
            found[key] = answer
        elif not answer.left_out:
            found[key] = replace(there, said=(*there.said, *answer.said))
    return list(found.values())


def _settled(answers: list[Answer]) -> list[Answer]:
    """Accepting none of the options says that none applies where several may be chosen, else nothing."""
    if any(len(set(answer.said)) > 1 for answer in answers):
        return answers
    return [answer if answer.said or answer.left_out else replace(answer, left_out="unlabelled") for answer in answers]


__all__ = ["Prodigy"]
