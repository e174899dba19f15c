"""A small prepared book on which any technique can be trained: base model, rows, further rows, a finished run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from tests import small
from tests.engine.test_fit import plan
from tunebook.core.nouns import DataRef, Plan, write_json
from tunebook.core.registry import tasks, techniques
from tunebook.core.technique import Technique
from tunebook.data.load import load
from tunebook.data.prepare import prepare
from tunebook.engine.continual import CONTINUE, find_start
from tunebook.engine.fit import Fit
from tunebook.engine.load import load_model
from tunebook.engine.material import Material
from tunebook.engine.tokens import encode
from tunebook.models.source import load_tokenizer, model_id
from tunebook.techniques.si import SI
from tunebook.verbs.steps.order import order

# The file of further rows, the finished run and the other book, as rows of a table name them.
MORE, FIRST, OTHER = "more.csv", "first", "other"


@dataclass
class Ground:
    """The folder of the book with its base model, and its data."""

    folder: Path
    model: Path
    data: DataRef
    task: ClassVar[str] = "text_classification"

    def plan(
        self, used: dict[str, dict[str, Any]] | None = None, *, continues: bool | None = None, **params: Any
    ) -> Plan:
        """A plan of 98 training rows with these techniques in their order.

        Args:
            continues: from the finished run; None where a technique asks for that.
        """
        made = plan(**params).model_copy(update={"task": self.task})
        if continues is None:
            continues = any(wants_past(key) for key in used or {})
        woven = order(used or {}, tasks()[made.task](), more=frozenset({"past"} if continues else ()))
        made = self._filled(made, woven)
        return self._continued(made) if continues else made

    def _continued(self, made: Plan) -> Plan:
        start = find_start(FIRST, self.data)
        return made.model_copy(
            update={
                "continues": start.path,
                "inputs": {CONTINUE: start.id},
                "model": start.model,
                "model_id": model_id(Path(start.model)),
            }
        )

    def _filled(self, made: Plan, woven: list[Technique]) -> Plan:
        return made.model_copy(
            update={
                "techniques": {item.key: item.model_dump() for item in woven},
                "data": self.data.content,
                "data_path": self.data.path,
                "labels": self.data.labels,
                "model": str(self.model),
                "model_id": model_id(self.model),
            }
        )

    def fit(self, folder: Path, made: Plan, **more: Any) -> Fit:
        """The training of a plan."""
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer, task = load_tokenizer(self.model), tasks()[made.task]()
        rows = [encode(load(self.data, split), task, tokenizer, 20) for split in ("train", "validation")]
        return Fit(made, Material(Path(made.model), tokenizer, rows[0], rows[1]), folder, **more)


def make_ground(folder: Path, kind: str = "bert") -> Ground:
    """A book in an empty folder, its base model of a kind that `tests.tiny` knows."""
    model = small.base_model(folder / "model", kind)
    data = prepare([small.write_csv(folder / "rows.csv", 140)], folder / "data")
    small.write_csv(folder / MORE, 24, seed=7)
    prepare([small.write_csv(folder / "other.csv", 60, 3, seed=8)], folder / OTHER / "data")
    return finished(Ground(folder, model, data))


def finished(ground: Ground) -> Ground:
    """The same with the finished run."""
    run = ground.folder / "runs" / FIRST
    made = ground.plan({"si": SI().model_dump()}, continues=False, max_steps=4, eval_every=4)
    ground.fit(run, made).run()
    write_json(made, run / "plan.json")
    (run / "outcome.json").write_text("{}")
    return ground


def wants_past(key: str) -> bool:
    """Whether a technique acts on what an earlier run has left."""
    return key == "si" or "past" in techniques()[key].needs


def weights(folder: Path, made: Plan) -> dict[str, torch.Tensor]:
    """All parameters of the kept model of a run, whichever way it was kept."""
    return {name: item.detach().cpu() for name, item in load_model(folder / "model", made).model.state_dict().items()}
