"""What the first table of an embedding book has."""

from __future__ import annotations

import pytest

from tests.tasks.embedding.test_passages import file_of
from tunebook.tasks.embedding.proposal import proposed, shown

MANY = {"rows": 10, "all": 60, "positives": 30, "negatives": 30}
FEW = {"rows": 10, "all": 20, "positives": 10, "negatives": 10}


@pytest.mark.parametrize(("hidden", "rate"), [(384, 5e-5), (768, 2e-5), (1024, 1e-5), (None, 2e-5)])
def test_wider_models_take_smaller_steps(hidden: int | None, rate: float) -> None:
    assert proposed({"hidden": hidden}) == {"learning_rate": rate}


def test_queries_with_several_passages_show_a_few() -> None:
    assert "candidates.positives" not in proposed({"judged": FEW})
    found = proposed({"judged": MANY})
    assert (found["candidates.positives"], found["candidates.negatives"]) == (1, 3)
    found = proposed({"judged": {**MANY, "positives": 60, "negatives": 0}})
    assert (found["candidates.positives"], found["candidates.negatives"]) == (1, 0)


def test_the_share_that_a_step_reads() -> None:
    assert shown({}, {"candidates": {"positives": 1, "negatives": 1}}) == shown({"judged": MANY}, {}) == 1
    assert shown({"judged": MANY}, {"candidates": {"positives": 1, "negatives": 2}}) == pytest.approx(40 / 70)
    assert shown({"judged": FEW}, {"candidates": {"positives": 5, "negatives": 9}}) == 1


def test_the_first_table_of_a_book_says_why(tmp_path) -> None:
    import json

    import tunebook as tb
    from tests import small

    lines = [json.loads(line) for line in file_of(tmp_path / "rows.jsonl").read_text().splitlines()]
    for place, line in enumerate(lines):
        line["neg"] += [other["pos"][0] for other in lines[place - 5 : place]]
    (tmp_path / "more.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    base, options = small.base_model(tmp_path / "base"), tb.DataOptions(task="embedding")
    table = tb.init(tmp_path / "book", tmp_path / "more.jsonl", model=base, options=options).champion
    assert table.rows["candidates.negatives"].value == 3 and "drawn anew" in table.rows["candidates.negatives"].reason
    assert "spoil" in table.rows["learning_rate"].reason
