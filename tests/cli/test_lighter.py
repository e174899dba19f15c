"""Out of memory in `tunebook train`: a proposal, or with --auto lighter versions until one fits."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Call

HUNGRY = """
import resource, sys
from typing import Annotated, ClassVar
import torch
from pydantic import Field
from tunebook.core import registry
from tunebook.core.params import Row
from tunebook.core.technique import Technique

MIB = 1 << 20
begun = []

class Hungry(Technique):
    key: ClassVar[str] = "hungry"
    megabytes: Annotated[int, Field(ge=1), Row("memory of a row", zh="每行内存")] = 32

    def on(self, event, run):
        if event == "start" and not begun:  # 480 MiB more than there are now, for all attempts together
            begun.append(True)
            pages = int(open("/proc/self/statm").read().split()[0])
            resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + 480 * MIB, resource.RLIM_INFINITY))

    def around_loss(self, inner, run):
        def loss(model, batch):
            eaten = torch.zeros(len(batch["labels"]) * self.megabytes * MIB // 4)
            run.acted(self.key, bytes=float(eaten.nbytes))
            return inner(model, batch)
        return loss

known = dict(registry.techniques(), hungry=Hungry)
registry.techniques = lambda: known
from tunebook.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def own(fresh: Path, tmp_path: Path) -> Path:
    """A book of one's own."""
    return Path(shutil.copytree(fresh, tmp_path / "book"))


def hungry(*words: object) -> tuple[int, dict[str, object], str]:
    """Run a command in a process whose training needs 32 MiB for each row at once, and has 480."""
    import os
    import subprocess

    environment = {**os.environ, "TUNEBOOK_LANG": "en", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", HUNGRY, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    return done.returncode, json.loads(done.stdout.strip().splitlines()[-1]), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space of the process")
def test_a_real_shortage(tunebook: Call, own: Path) -> None:
    wanted = (
        "--set",
        "hungry=on",
        "--set",
        "max_epochs=1",
        "--set",
        "precision=fp32",
        "--track",
        "none",
        "--no-eval",
        "--json",
    )
    code, answer, err = hungry("train", own, "--auto", *wanted)
    assert code == 0 and answer["lighter"] == ["v2"], (answer, err)
    assert "Made version v2" in " ".join(err.split()) and "batch_size = 8" in " ".join(err.split())
    runs = tunebook("runs", own, "--json").json["runs"]
    assert [(run["finished"], run["failure"]) for run in runs] == [(True, None), (False, "machine.memory")]
    assert "out of memory" in tunebook("runs", own).out
    failed = json.loads(next(own.glob("runs/*/failed.json")).read_text())
    assert failed["code"] == "machine.memory" and "allocate" in failed["reason"]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which two rows at once fit, and no more."""
    from tunebook.cli import train as module
    from tunebook.cli.answer import Answer
    from tunebook.engine.failures import no_memory

    def trained(book: object, plan: object, how: object, tracked: object) -> Answer:
        if plan.params.batch_size > 2:
            raise no_memory(plan.params)  # type: ignore[attr-defined]
        return Answer({"run": "x"}, lambda screen: None)

    monkeypatch.setattr(module, "trained", trained)


def test_the_proposal_can_be_typed(tunebook: Call, own: Path, narrow: None) -> None:
    flags = ("--allow-unknown-tokens", "--allow-pickle", "--track", "none", "--no-eval")
    done = tunebook("train", own, "--set", "max_epochs=2", *flags, "--json")
    lines = done.json["error"]["advice"].splitlines()
    auto, make = (line[line.index("tunebook ") :] for line in lines)
    assert shlex.split(auto)[-1] == "--auto" and set(flags) < set(shlex.split(auto)), "all that was said is said again"
    assert tunebook(*shlex.split(make)[1:]).code == 0
    made = tunebook("table", "show", own, "--table", "v2", "--json").json["rows"]
    assert (made["batch_size"]["value"], made["gradient_accumulation_steps"]["value"]) == (8, 2)
    assert made["max_epochs"]["value"] == 2
    again = tunebook(*shlex.split(auto)[1:], "--json")
    assert again.code == 0 and again.json == {"run": "x", "lighter": ["v3", "v4", "v5"]}
    last = tunebook("table", "show", own, "--table", "v5", "--json").json
    assert (last["rows"]["batch_size"]["value"], last["parent"]) == (2, 4)


def test_a_training_that_fits_says_nothing(tunebook: Call, own: Path, narrow: None) -> None:
    done = tunebook("train", own, "--auto", "--set", "batch_size=2", "--json")
    assert done.json == {"run": "x", "lighter": []}


def test_nothing_is_left_to_save(tunebook: Call, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.cli import train as module
    from tunebook.engine.failures import no_memory

    def trained(book: object, plan: object, how: object, tracked: object) -> None:
        raise no_memory(plan.params)  # type: ignore[attr-defined]

    monkeypatch.setattr(module, "trained", trained)
    least = ("batch_size=1", "gradient_checkpointing=true", "max_length=8")
    sets = [word for row in least for word in ("--set", row)]
    for flags in ((), ("--auto",)):
        assert tunebook("train", own, *sets, *flags, "--json").json["error"]["code"] == "machine.memory_least"
