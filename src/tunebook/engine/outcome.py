"""What a training gave: its checkpoints, its cost, and the proof that its techniques acted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from tunebook.core.errors import RunError
from tunebook.engine.machine import device_name, peak_bytes
from tunebook.engine.seam import WovenTrainer
from tunebook.engine.weave import STATE_FILE, Weave


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    Attributes:
        seconds: wall-clock time of training, validation included; of a resumed run, since it went on.
        processor_seconds: what this process took of the processor meanwhile, all threads: the steadier of the two
            where other work runs beside it, and next to nothing where a GPU does the work.
        borrowed_seconds: of the processor that others had spent on what this run found made.
        rows: rows that were trained on in that time, counted once an epoch.
        steps: optimiser steps in all.
        peak_memory_bytes: of the GPU where there is one, else of the process.
        best_step: step of the model that was kept.
        trained, parameters: of the model, those that were trained and all; stored_bytes: what keeping it takes.
        counters: technique -> what it did.
    """

    seconds: float
    rows: int
    steps: int
    peak_memory_bytes: int
    precision: str
    device: str
    best_step: int | None
    processor_seconds: float = 0.0
    borrowed_seconds: float = 0.0
    trained: int = 0
    parameters: int = 0
    stored_bytes: int = 0
    counters: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Clock:
    """Two clocks that were started together, in seconds: of the wall and of the processor."""

    wall: float
    processor: float

    @staticmethod
    def start() -> Clock:
        """Both, now."""
        return Clock(time.perf_counter(), time.process_time())

    def since(self) -> Clock:
        """What has passed on each."""
        now = Clock.start()
        return Clock(now.wall - self.wall, now.processor - self.processor)


def outcome_of(trainer: WovenTrainer, folder: Path, precision: str, *, begun: int, taken: Clock) -> Outcome:
    """What a finished training gave.

    Args:
        folder: the run's folder, with the model that was kept.
        begun: the step at which this process began; taken: what it took since then.
    """
    best, steps = trainer.state.best_model_checkpoint, trainer.state.global_step
    share = (steps - begun) / max(steps, 1)
    parameters = list(trainer.weave.run.model.parameters())
    return Outcome(
        seconds=taken.wall,
        processor_seconds=taken.processor,
        borrowed_seconds=sum(found.get("borrowed_seconds", 0.0) for found in trainer.weave.run.counters.values()),
        rows=round(len(trainer.train_dataset) * float(trainer.state.epoch or 0) * share),
        steps=steps,
        peak_memory_bytes=peak_bytes(),
        precision=precision,
        device=device_name(),
        best_step=step_of(Path(best)) if best else None,
        trained=sum(item.numel() for item in parameters if item.requires_grad),
        parameters=sum(item.numel() for item in parameters),
        stored_bytes=sum(file.stat().st_size for file in (folder / "model").glob("*.safetensors")),
        counters=trainer.weave.run.counters,
    )


def prove(weave: Weave) -> None:
    """Refuse a run in which a technique never acted.

    Raises:
        RunError: `run.idle`: its counters are missing or all zero.
    """
    for technique in weave.techniques:
        counters = weave.run.counters.get(technique.key, {})
        if not any(counters.values()):
            raise RunError("run.idle", key=technique.key, value=counters)


def complete_checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints of a run, oldest first: the one file that is written last is there."""
    return sorted((path.parent for path in (folder / "checkpoints").glob(f"checkpoint-*/{STATE_FILE}")), key=step_of)


def last_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint of a run; None where there is none."""
    return next(reversed(complete_checkpoints(folder)), None)


def step_of(checkpoint: Path | None) -> int:
    """The step that a checkpoint's name tells; 0 without one."""
    return int(checkpoint.name.rsplit("-", 1)[1]) if checkpoint else 0


__all__ = ["Clock", "Outcome", "complete_checkpoints", "last_checkpoint", "outcome_of", "prove", "step_of"]
