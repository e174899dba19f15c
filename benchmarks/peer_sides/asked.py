"""What each script is asked and what it writes; it must not need what only one of their environments holds."""

from __future__ import annotations

import importlib.metadata
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

GIVEN, FOUND = "given.json", "found.json"
LENGTH = 256  # tokens of a text, for those whose own default is whatever the model can take


@dataclass(frozen=True)
class Asked:
    """One task.

    Attributes:
        texts, labels: to be learnt from, shapes (N,); asked: texts to be answered, shape (M,).
        chinese: their language is written without blanks between words; model: folder of the base model.
        budget: seconds of the processor for learning and answering, on one thread.
    """

    texts: list[str]
    labels: list[str]
    asked: list[str]
    chinese: bool
    model: str
    budget: float


def used() -> float:
    """Seconds of the processor that this process and its ended children have used."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def answer(learn: Callable[[Asked], Sequence[str]], *libraries: str) -> None:
    """Learn and answer the task of the folder that the command line names, and write answers, costs and versions there.

    Args:
        learn: a task -> a label for each text that is asked; start-up and imports should stand outside it.
    """
    folder = Path(sys.argv[1])
    asked = Asked(**json.loads((folder / GIVEN).read_text(encoding="utf-8")))
    begun, before = time.perf_counter(), used()
    labels = list(learn(asked))
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    found = {
        "labels": labels,
        "processor_seconds": used() - before,
        "seconds": time.perf_counter() - begun,
        "peak_bytes": 1024 * peak,
        "versions": {name: importlib.metadata.version(name) for name in libraries},
    }
    (folder / FOUND).write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


def until(budget: float) -> type:
    """A class of callbacks for a transformers' Trainer that ends the training when the budget is nearly used up: a
    tenth of it is left for the answers."""
    from transformers import TrainerCallback

    end = used() + 0.9 * budget

    class Until(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: object, state: object, control: object, **more: object) -> None:
            if used() > end:
                control.should_training_stop = True  # type: ignore[attr-defined]

    return Until


__all__ = ["FOUND", "GIVEN", "LENGTH", "Asked", "answer", "until", "used"]
