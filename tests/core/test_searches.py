"""Which tasks search for their answers."""

from __future__ import annotations

from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks
from tunebook.core.searches import Mates, Searches, searching


def test_embeddings_of_queries_and_of_classes_are_searched_for() -> None:
    task = tasks()["embedding"]()
    assert isinstance(task, Searches) and isinstance(task, Mates)
    kinds = {"relevance": True, "regression": False, "single_label": True}
    for problem, found in kinds.items():
        assert searching(task, Labels(problem=problem, names=["a", "b"] if problem == "single_label" else [])) is found
    assert not searching(tasks()["reranking"](), Labels(problem="relevance"))
