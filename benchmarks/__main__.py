"""python -m benchmarks [CLAIM] [options of that claim]: run one benchmark, or name them all."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

from benchmarks import (
    ab_sharing,
    claims,
    defaults,
    distillation,
    domain_shift,
    effects,
    gate,
    killed_tests,
    kills,
    peft_defaults,
    permuted_digits,
    real_tasks,
    same_table,
    tables_matter,
    training_speed,
)

CLAIMS = {
    "AA": same_table.main,
    "DEFAULTS": defaults.main,
    "EFFECTS": effects.main,
    "H2": tables_matter.main,
    "DISTIL": distillation.main,
    "GATE": gate.main,
    "KILLS": kills.main,
    "KILLS_AB": killed_tests.main,
    "PEFT_DEFAULTS": peft_defaults.main,
    "PERMUTED_DIGITS": permuted_digits.main,
    "SHIFT": domain_shift.main,
    "P1": training_speed.main,
    "P2": training_speed.main,
    "P4": ab_sharing.main,
    "TASKS": real_tasks.main,
    **{
        item.name.upper(): import_module(f"benchmarks.claims.{item.name}").main
        for item in pkgutil.iter_modules(claims.__path__)
    },
}


def run() -> int:
    """Run the claim that the command line names."""
    if len(sys.argv) < 2 or sys.argv[1] not in CLAIMS:
        print("usage: python -m benchmarks CLAIM   with CLAIM one of", ", ".join(CLAIMS), file=sys.stderr)
        return 2
    print(CLAIMS[sys.argv[1]](sys.argv[1], sys.argv[2:]))
    return 0


if __name__ == "__main__":
    raise SystemExit(run())
