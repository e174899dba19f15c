"""What book.toml says of the time after promotion."""

from __future__ import annotations

import tomllib

import pytest
from pydantic import ValidationError

from tunebook.core.operation import Exporting, Retraining, Rolling, Serving, Watching
from tunebook.verbs.steps.book_file import BookFile, write_book_file


def test_only_what_differs_is_written_and_it_is_read_back(tmp_path):
    file = BookFile(
        task="tagging",
        export=Exporting(most_loss=0.01),
        serve=Serving(keep_texts=True, log="postgresql://db/x"),
        rollout=Rolling(stages=[0, 10, 100], promotes="machine"),
        watch=Watching(window=200),
        retrain=Retraining(when="quarterly", on_drift=False),
    )
    write_book_file(file, tmp_path)
    text = (tmp_path / "book.toml").read_text(encoding="utf-8")
    assert BookFile(**tomllib.loads(text)) == file
    assert "min_requests" not in text and "wait_ms" not in text


def test_a_book_without_such_parts_has_the_defaults(tmp_path):
    write_book_file(BookFile(task="tagging"), tmp_path)
    text = (tmp_path / "book.toml").read_text(encoding="utf-8")
    assert "rollout" not in text
    assert BookFile(**tomllib.loads(text)).rollout.stages == [0, 5, 25, 50, 100]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Rolling, {"promotes": "nobody"}),
        (Rolling, {"stages": []}),
        (Rolling, {"stages": [5, 5, 100]}),
        (Rolling, {"stages": [-5, 100]}),
        (Rolling, {"stages": [0, 50]}),
        (Rolling, {"lowest": 1.0}),
        (Rolling, {"stages": [float("nan"), 100]}),
        (Rolling, {"stages": [0, float("inf"), 100]}),
        (Rolling, {"min_minutes": float("inf")}),
        (Rolling, {"waits": float("nan")}),
        (Rolling, {"most_slower": float("nan")}),
        (Serving, {"wait_ms": float("inf")}),
        (Exporting, {"most_difference": float("nan")}),
        (Serving, {"sample": 1.5}),
        (Exporting, {"most_loss": -1}),
        (Watching, {"x": 1}),
    ],
)
def test_values_out_of_bounds_and_unknown_names_are_refused(kind, values):
    with pytest.raises(ValidationError):
        kind(**values)
