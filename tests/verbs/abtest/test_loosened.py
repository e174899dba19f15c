"""Promotions under a gate that asked for less than before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.verdict import Gate
from tunebook.knowledge.log import Change, ChangeLog
from tunebook.verbs.abtest.binding import loosened


def promoted(log: ChangeLog, evidence: dict[str, Any]) -> None:
    log.crown(Change(action="promote", table=1, evidence=evidence), log.champion)


def test_what_a_promotion_was_not_asked_for(tmp_path: Path) -> None:
    log = ChangeLog(tmp_path / "log.sqlite")
    gates: list[dict[str, Any]] = [{}, {"alpha": 0.01}, {}, {"alpha": 0.2, "seeds": 3}, {"metric": "auc"}]
    for gate in gates:
        promoted(log, {"gate": Gate(**gate).model_dump()})
    promoted(log, {"gate": {"alpha": 3}})
    promoted(log, {})
    log.append("open", table=1, evidence={"gate": Gate(alpha=0.4).model_dump()})
    assert loosened(log.entries()) == {3: ["alpha"], 4: ["seeds", "alpha"], 5: ["metric", "alpha"]}
