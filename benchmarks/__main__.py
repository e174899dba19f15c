"""python -m benchmarks [CLAIM] [options of that claim]: run one benchmark, or name them all.

python -m benchmarks CLAIMS: measure all claims of techniques, one process with one thread for each core.
"""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from benchmarks import (
    ab_crossfit,
    ab_sharing,
    agreement,
    answering_speed,
    auto_honest,
    calibrated,
    challenge_falls,
    challenge_labels,
    claims,
    context_answers,
    coverage,
    defaults,
    distillation,
    domain_shift,
    effects,
    embedding_speed,
    embedding_training_speed,
    embeddings,
    faithfulness,
    few_labels,
    fresh_head,
    frozen_speed,
    full_disk,
    futility,
    gate,
    gpu,
    groups,
    guards,
    instruction_tuning,
    killed_commands,
    killed_tests,
    kills,
    label_next,
    language_models,
    large_book,
    learning_curves,
    looks,
    machine_speed,
    many,
    multi_task,
    online,
    operation,
    page_speed,
    pairs_at_once,
    peers,
    peft_defaults,
    permuted_digits,
    planted,
    preference_speed,
    preferences,
    raters,
    ray_paper,
    real_tasks,
    rerank_on_top,
    rollouts,
    roofline,
    same_table,
    same_training,
    serve_load,
    small_models,
    startup,
    tables_matter,
    tagger_rates,
    tagging_speed,
    time_to_accuracy,
    titles,
    training_speed,
    watched_hotel,
)

CLAIMS = {
    "AA": same_table.main,
    "AA_LOOKS": same_training.main,
    "AB_CROSSFIT": ab_crossfit.main,
    "AGREEMENT": agreement.main,
    "ANSWERING": answering_speed.main,
    "ANSWERS": context_answers.main,
    "CHALLENGE_FALLS": challenge_falls.main,
    "CHALLENGE_LABELS": challenge_labels.main,
    "COVERAGE": coverage.main,
    "AUTO": auto_honest.main,
    "DEFAULTS": defaults.main,
    "EFFECTS": effects.main,
    "EMBEDDING_SPEED": embedding_speed.main,
    "FAITHFULNESS": faithfulness.main,
    "FEW_LABELS": few_labels.main,
    "EMBEDDINGS": embeddings.main,
    "HEAD_RATE": fresh_head.main,
    "H2": tables_matter.main,
    "DISTIL": distillation.main,
    "FROZEN": frozen_speed.main,
    "FULL_DISK": full_disk.main,
    "FUTILITY": futility.main,
    "GATE": gate.main,
    "GPU": gpu.main,
    "GROUPS": groups.main,
    "GUARDS": guards.main,
    "INSTRUCTION": instruction_tuning.main,
    "KILLS": kills.main,
    "KILLS_AB": killed_tests.main,
    "KILLS_ALL": killed_commands.main,
    "LM_MEMORY": language_models.main,
    "LM_SPEED": language_models.main,
    "CALIBRATED": calibrated.main,
    "LABEL_NEXT": label_next.main,
    "LARGE_BOOK": large_book.main,
    "LEARNING_CURVE": learning_curves.main,
    "LOOKS": looks.main,
    "MACHINE_SPEED": machine_speed.main,
    "MANY": many.main,
    "MULTI_TASK": multi_task.main,
    "ONLINE": online.main,
    "OPERATION": operation.main,
    "PAGE_SPEED": page_speed.main,
    "PAIRS": pairs_at_once.main,
    "PEERS": peers.main,
    "ROOFLINE": roofline.main,
    "PEFT_DEFAULTS": peft_defaults.main,
    "PERMUTED_DIGITS": permuted_digits.main,
    "DPO_SPEED": preference_speed.main,
    "PLANTED": planted.main,
    "PREFERENCES": preferences.main,
    "RATERS": raters.main,
    "RAY_PAPER": ray_paper.main,
    "RERANK": rerank_on_top.main,
    "SERVE_LOAD": serve_load.main,
    "ROLLOUTS": rollouts.main,
    "SHIFT": domain_shift.main,
    "STARTUP": startup.main,
    "WATCH": watched_hotel.main,
    "TAGGER_RATES": tagger_rates.main,
    "TITLES": titles.main,
    "TIME": time_to_accuracy.main,
    "P1": training_speed.main,
    "P2": training_speed.main,
    "P3": tagging_speed.main,
    "TRIM": training_speed.main,
    "P4": ab_sharing.main,
    "CACHED": embedding_training_speed.memory,
    "P5": embedding_training_speed.main,
    "P6": small_models.main,
    "TASKS": real_tasks.main,
    **{
        item.name.upper(): import_module(f"benchmarks.claims.{item.name}").main
        for item in pkgutil.iter_modules(claims.__path__)
    },
}


def measure_claims(claim: str, arguments: list[str]) -> str:
    """Every module of `benchmarks/claims`, as many at a time as there are cores; a result that is there is kept."""

    def measure(name: str) -> int:
        command = [sys.executable, "-m", "benchmarks", name, *arguments]
        return subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False).returncode

    names = [item.name.upper() for item in pkgutil.iter_modules(claims.__path__)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [name for name, code in zip(names, pool.map(measure, names), strict=True) if code]
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")
    return f"measured: {', '.join(names)}"


CLAIMS["CLAIMS"] = measure_claims


def run() -> int:
    """Run the claim that the command line names."""
    if len(sys.argv) < 2 or sys.argv[1] not in CLAIMS:
        print("usage: python -m benchmarks CLAIM   with CLAIM one of", ", ".join(CLAIMS), file=sys.stderr)
        return 2
    print(CLAIMS[sys.argv[1]](sys.argv[1], sys.argv[2:]))
    return 0


if __name__ == "__main__":
    raise SystemExit(run())
