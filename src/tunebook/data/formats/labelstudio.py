"""Label Studio's JSON: a list of tasks, each with the results of its annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.annotated_spans import marked_export, marked_text
from tunebook.data.exports import Export, Format
from tunebook.data.formats.spans import read_spans
from tunebook.data.preview import Preview
from tunebook.data.votes import Answer, join_answers

Result = dict[str, Any]
# Types of results, and the kind of work that they are not texts with labels for.
CLASSES = ("choices", "taxonomy")
NUMBERS = ("rating", "number")
PLACES = ("labels",)
OTHER = {
    "pairwise": "preference",
    "ranker": "ranking",
    "hypertextlabels": "tagging",
    "paragraphlabels": "tagging",
    "textarea": "writing",
}


class LabelStudio(Format):
    """Tasks with their annotations: one row a task, the votes of several annotators beside its label."""

    title: ClassVar[str] = "Label Studio"

    def fits(self, preview: Preview) -> bool:
        """Every object is a task: what was shown, and the annotations."""
        return bool(preview.objects) and all(
            isinstance(task.get("data"), dict) and _annotations(task) is not None for task in preview.objects
        )

    def read(self, preview: Preview) -> Export:
        """The tasks, with the classes that were chosen for them."""
        tasks = preview.rows()
        question = choose_question(self, preview, _types(task for _, task in tasks)) if preview.labelled else ""
        if any(isinstance(value, list) for _, task in tasks for value in task["data"].values()):
            raise self.refusal("chat", preview)
        answers = [answer for row, task in tasks for answer in _answers(task, row, question)]
        return joined(preview, answers, question, _types(task for _, task in tasks).get(question) in PLACES)


def choose_question(form: Format, preview: Preview, types: dict[str, str]) -> str:
    """The question whose answers are the labels: the user's, else the only one of classes, of numbers or of places.

    Args:
        types: question -> type of its results.

    Raises:
        DataError: there are several, `format.questions`; or none, then by the kind of work.
    """
    wanted = preview.options.label
    if wanted in types:
        return str(wanted)
    for kinds in (CLASSES, NUMBERS, PLACES):
        found = [name for name, kind in types.items() if kind in kinds]
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError("format.questions", key=str(preview.path), tool=form.title, allowed=", ".join(found))
    work = next((OTHER[kind] for kind in OTHER if kind in types.values()), "unlabelled")
    raise form.refusal(work, preview)


def joined(preview: Preview, answers: list[Answer], question: str, places: bool) -> Export:
    """The rows with the answers to the question, which are marked places or labels; an answer without any place says
    that there is none."""
    if not places:
        return join_answers(answers, question or None, {"row_id": "id"})
    given = [replace(one, left_out="") if one.left_out == "unlabelled" and one.who else one for one in answers]
    return marked_export(preview, given, preview.options.text or marked_text(given), {"row_id": "id"}, label=question)


def result_values(values: Sequence[dict[str, Any]]) -> tuple[Any, ...]:
    """What the values of a question's results say: classes, paths of a taxonomy, a number, or places."""
    found: list[Any] = []
    for value in values:
        found += [str(item) for item in value.get("choices") or ()]
        found += [" / ".join(map(str, path)) for path in value.get("taxonomy") or ()]
        found += [value[kind] for kind in NUMBERS if kind in value]
        found += read_spans([value]) if "labels" in value else ()
    return tuple(found)


def _annotations(task: dict[str, Any]) -> list[dict[str, Any]] | None:
    found = task.get("annotations", task.get("completions"))
    return found if isinstance(found, list) and all(isinstance(item, dict) for item in found) else None


def _results(annotation: dict[str, Any]) -> list[Result]:
    return [item for item in annotation.get("result") or () if isinstance(item, dict)]


def _types(tasks: Iterator[dict[str, Any]]) -> dict[str, str]:
    """Question -> type of its results."""
    found: dict[str, str] = {}
    for task in tasks:
        for annotation in _annotations(task) or ():
            for result in _results(annotation):
                if "from_name" in result:
                    found.setdefault(str(result["from_name"]), str(result.get("type")).lower())
    return found


def _answers(task: dict[str, Any], row: int, question: str) -> Iterator[Answer]:
    columns = {"id": task.get("id"), **task["data"]}
    given = _annotations(task) or [{}]
    for annotation in given:
        values = [item["value"] for item in _results(annotation) if item.get("from_name") == question]
        labels = result_values([value for value in values if isinstance(value, dict)])
        left = "skipped" if annotation.get("was_cancelled") else "" if labels else "unlabelled"
        yield Answer(row, row, columns, _person(annotation), labels, left, str(annotation.get("updated_at") or ""))


def _person(annotation: dict[str, Any]) -> str:
    """Number of the annotator; some versions write an object with an e-mail address, which is not taken."""
    person = annotation.get("completed_by")
    return str(person.get("id", "") if isinstance(person, dict) else "" if person is None else person)


__all__ = ["CLASSES", "NUMBERS", "OTHER", "PLACES", "LabelStudio", "choose_question", "joined", "result_values"]
