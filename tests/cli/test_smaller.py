"""The options of `export` that make a model smaller, and what they tell."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.export.test_compare import costs, rows_of_table

from tunebook.cli.smaller import Smaller, lost, tell_all
from tunebook.core.errors import TunebookError
from tunebook.export.record import Exported
from tunebook.export.smaller import How
from tunebook.verbs.smaller import Compared
from tunebook.verbs.steps.runs import Run


def test_options_as_the_verb_takes_them() -> None:
    assert Smaller().how() == How()
    assert Smaller(int8=True, prune=0.3, recover=9).how() == How(int8="static", prune=0.3, recover=9)
    assert Smaller(dynamic=True).how().int8 == "dynamic" and Smaller(bf16=True).how().half == "bf16"
    assert Smaller(fp16=True, vocabulary=True, corpus="a.txt", fused=True).how() == How(
        half="fp16", vocabulary=True, corpus="a.txt", fused=True
    )


def test_two_kinds_of_numbers_at_once_are_refused() -> None:
    with pytest.raises(TunebookError, match="--fp16"):
        Smaller(int8=True, fp16=True).how()


@pytest.mark.parametrize(("ends", "word"), [((-0.004, 0.006), "within the limit"), ((-0.01, 0.01), "too few")])
def test_what_it_costs_in_a_sentence(ends: tuple[float, float], word: str) -> None:
    found = costs(0.001, *ends).model_copy(update={"limit": 0.005})
    made = Exported(folder=Path("f"), run="r", kind="onnx", bytes=1, loss=found.model_dump(mode="json"))
    said = lost(made)
    assert "0.9000" in said and "0.9010" in said and word in said


def test_the_table_on_the_screen(tmp_path: Path) -> None:
    screen = Console(width=80, record=True, file=StringIO())
    tell_all(screen, Compared(rows_of_table(), {"prune-0.9": "-0.0700"}, tmp_path / "compare.html"), Run(tmp_path))
    told = screen.export_text()
    assert "23.0 MB" in told and "4.0 x" in told and "…" not in told
    assert "prune-0.9: not kept. It loses more than 0.005: -0.0700" in " ".join(told.split())
    assert "compare.html" in "".join(told.split())
