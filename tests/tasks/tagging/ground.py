"""A ground of rows with entities, on which techniques are trained as on that of classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests import small
from tests.ground import MORE, Ground, finished
from tests.tasks.tagging import made as tagged
from tunebook.core.nouns import Plan
from tunebook.data.prepare import prepare


class Tagged(Ground):
    """A ground of rows with entities."""

    task = "tagging"

    def _filled(self, made: Plan, woven: list[Any]) -> Plan:
        params = made.params.model_copy(update={"metric": "span_f1"})
        return super()._filled(made, woven).model_copy(update={"params": params})


def make_tagged(folder: Path) -> Ground:
    """A book in an empty folder, with further rows and a finished run."""
    (folder / "rows.conll").write_text(tagged.conll(tagged.rows(140, repeat=4)))
    small.write_csv(folder / MORE, 24, seed=7)
    model = small.base_model(folder / "model")
    return finished(Tagged(folder, model, prepare([folder / "rows.conll"], folder / "data")))
