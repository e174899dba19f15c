"""ROOFLINE: what a step of training consists of on this processor, and how near its matrix products come to the peak.

The peak is the best of some products of float32 of a small encoder's shapes. A step cannot take less than the
operations of its products at that speed; `of_bound` is how much of the time of a step that would be. Steps are profiled
after some to warm up, by torch's profiler, whose own cost falls on what consists of many small calls.

    python -m benchmarks ROOFLINE [--steps 12] [--warm 6]
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from benchmarks.record import ROOT, Cell, given, write_result
from benchmarks.training_speed import CASES, run_tunebook

PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm")
PARTS = {
    "products": ("aten::mm", "aten::addmm"),
    "attention": ("aten::bmm", "aten::_softmax", "aten::_softmax_backward_data"),
    "activation": ("aten::gelu", "aten::gelu_backward", "aten::tanh", "aten::tanh_backward"),
    "dropout": ("aten::random_", "aten::ge"),
    "norm": ("aten::native_layer_norm", "aten::native_layer_norm_backward"),
    "optimiser": ("aten::_fused_adamw_", "aten::linalg_vector_norm"),
    "element by element": ("aten::mul", "aten::mul_", "aten::add", "aten::add_", "aten::copy_", "aten::sum"),
}
_SHAPES = ((800, 384, 384), (800, 384, 1536), (4000, 384, 1536), (1024, 1024, 1024))  # lines, in, out
_TRIES = 15


def peak() -> float:
    """Operations of float32 a second that products reach here, with all threads."""
    import torch

    found = []
    for rows, wide, out in _SHAPES:
        lines, weight = torch.randn(rows, wide), torch.randn(wide, out)
        for _ in range(_TRIES):
            begun = time.perf_counter()
            torch.mm(lines, weight)
            found.append(2 * rows * wide * out / (time.perf_counter() - begun))
    return max(found)


class Profiled(TrainerCallback):  # type: ignore[misc]
    """Profiles the steps after some."""

    def __init__(self, warm: int) -> None:
        from torch.profiler import ProfilerActivity, profile

        self.warm, self.begun, self.seconds = warm, 0.0, 0.0
        self.profile = profile(activities=[ProfilerActivity.CPU], with_flops=True)

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Begin."""
        if state.global_step == self.warm:
            self.profile.__enter__()
            self.begun = time.perf_counter()

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """End."""
        self.seconds = time.perf_counter() - self.begun
        self.profile.__exit__(None, None, None)


def one(case: str, steps: int, warm: int) -> Cell:
    """What the steps of a case consist of."""
    made: list[Profiled] = []

    def watch(_: Any) -> Profiled:
        made.append(Profiled(warm))
        return made[0]

    run_tunebook(case, steps, False, watch=watch)
    return told(made[0].profile.key_averages(), made[0].seconds / (steps - warm), steps - warm, peak())


def told(events: Any, seconds: float, steps: int, most: float) -> Cell:
    """Shares of a step's time by part, and the operations of its products against the peak.

    Args:
        events: as the profiler sums them up; seconds: of one step; steps: so many; most: the peak.
    """
    spent = {event.key: event.self_cpu_time_total / 1e6 / steps for event in events}
    whole = sum(spent.values())
    operations = sum(event.flops for event in events if event.key in PRODUCTS) / steps
    busy = sum(spent.get(name, 0.0) for name in PRODUCTS)
    shares = {part: sum(spent.get(name, 0.0) for name in names) / whole for part, names in PARTS.items()}
    return {
        "seconds_a_step": seconds,
        "operations_a_step": operations,
        "peak": most,
        "of_peak": operations / busy / most,
        "of_bound": operations / most / seconds,
        "shares": {**shares, "rest": 1 - sum(shares.values())},
    }


def main(claim: str, arguments: list[str]) -> Path:
    """Profile each case in a process of its own."""
    options = given(arguments, steps=12, warm=6)
    cases: dict[str, Cell] = {}
    for case in ("P1", "P2"):
        command = [sys.executable, "-m", "benchmarks.roofline", case, str(options.steps), str(options.warm)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        cases[case] = {"what": CASES[case]["what"], **json.loads(done.stdout.strip().splitlines()[-1])}
        print(case, cases[case], flush=True)
    return write_result(claim, {"cases": cases})


if __name__ == "__main__":
    chosen, count, before = sys.argv[1:4]
    print(json.dumps(one(chosen, int(count), int(before))))


__all__ = ["PARTS", "PRODUCTS", "Profiled", "main", "one", "peak", "told"]
