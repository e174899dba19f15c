"""tunebook export: a run's model as a folder that answers without Tunebook."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tunebook.cli.answer import Answer, command, facts, prose
from tunebook.cli.bars import Bars
from tunebook.cli.choose import run_at
from tunebook.cli.options import RunName, argument, option, wrong
from tunebook.cli.smaller import Smaller, lost, tell_all
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.export.record import Exported, Proof
    from tunebook.export.smaller import How
    from tunebook.verbs.export import Triton
    from tunebook.verbs.steps.runs import Run


_TRITON = "triton"


@dataclass(frozen=True)
class Repository:
    """How a model stands in a repository of Triton."""

    name: Annotated[str, option("export_name", "--name", metavar="NAME", panel=_TRITON)] = ""
    instances: Annotated[int, option("export_instances", "--instances", metavar="N", panel=_TRITON)] = 1
    device: Annotated[str, option("export_device", "--device", metavar="cpu|gpu", panel=_TRITON)] = "cpu"
    max_batch: Annotated[int, option("export_max_batch", "--max-batch", metavar="N", panel=_TRITON)] = 32

    def how(self) -> Triton:
        """As the verb takes it.

        Raises:
            TunebookError: `cli.option`.
        """
        from tunebook.verbs.export import Triton

        if self.device not in ("cpu", "gpu"):
            raise wrong("--device", self.device, "cpu | gpu")
        for name, value in (("--instances", self.instances), ("--max-batch", self.max_batch)):
            if value < 1:
                raise wrong(name, value, ">= 1")
        return Triton(self.name, self.instances, self.device, self.max_batch)


def export(
    source: Annotated[Path, argument("merged_run", "BOOK|RUN")],
    triton: Repository,
    smaller: Smaller,
    run: RunName = AUTO,
    to: Annotated[str, option("export_to", "--to", metavar="onnx|torch|hf|triton")] = "onnx",
    into: Annotated[Path | None, option("export_into", "--into", metavar="FOLDER")] = None,
) -> Answer:
    """Write a run's model as a folder that answers by itself."""
    from tunebook.verbs.export import export as act

    chosen, how = run_at(source, run), smaller.how()
    if smaller.compare:
        return _compared(chosen, how)
    with Bars() as bars:
        made = act(chosen, to, into=into, how=how, triton=triton.how(), progress=bars)
    asked = shlex.join(["python", str(made.folder / "predict.py"), say("cli.some_text")])
    go = (asked,) if made.kind in ("onnx", "torch") else ()
    if made.kind == "onnx":
        go += (command("serve", made.folder), *((command("export", source, "--compare"),) if how.nothing else ()))
    return Answer(made.to_json(), lambda screen: _tell(screen, made), go)


def _compared(run: Run, how: How) -> Answer:
    """The usual ways to a smaller model, and the one that was asked for, in a table and on a page."""
    from tunebook.verbs.smaller import compare

    with Bars() as bars:
        found = compare(run, () if how.nothing else (how,), progress=bars)
    shown = {"rows": [row.model_dump(mode="json") for row in found.rows], "refused": found.refused}
    return Answer({**shown, "page": str(found.page)}, lambda screen: tell_all(screen, found, run))


def _tell(screen: Console, made: Exported) -> None:
    from tunebook.core.formatting import memory, metric_name, score_text

    screen.print(f"✓ {say('export.done', folder=made.folder, size=memory(made.bytes))}", style="green")
    if made.reused:
        prose(screen, say("export.reused"), "dim")
    screen.print(facts([(say("cli.run"), made.run)]))
    if made.proof is not None:
        prose(screen, _proven(made.proof))
    if made.loss:
        prose(screen, lost(made))
    if made.latency_ms:
        prose(screen, say("export.latency", **{name: f"{value:.1f}" for name, value in made.latency_ms.items()}))
    for name, value in list(made.scores.items())[:1]:
        screen.print(facts([(metric_name(name), score_text(value))]))


def _proven(proof: Proof) -> str:
    difference = f"{proof.max_difference:.1e}"
    if proof.equal_share is None:
        return say("export.compared", rows=proof.rows, difference=difference)
    return say("export.proven", rows=proof.rows, share=f"{proof.equal_share:.1%}", difference=difference)


__all__ = ["Repository", "export"]
