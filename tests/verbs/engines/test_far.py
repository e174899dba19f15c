"""A training on another machine: what it needs, what it refuses, what comes back of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tunebook.core.errors import MachineError, RunError
from tunebook.core.localized import STORED
from tunebook.core.nouns import Plan
from tunebook.verbs.engines import far as module
from tunebook.verbs.engines.far import FOLDER, Back, Order, check_alike, failed, train_far, unlike, work_far
from tunebook.verbs.engines.parcels import load_of, write
from tunebook.verbs.engines.same import LIBRARIES, installed
from tunebook.verbs.engines.seam import Needs
from tunebook.verbs.steps.runs import Run


@pytest.fixture
def order(quick: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Order:
    monkeypatch.setenv("TUNEBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "environ", os.environ.copy())
    load = load_of(needs(quick))
    return Order(load.folders, load.models, load.sizes, 1, installed(LIBRARIES), {"TUNEBOOK_ALLOW_CODE": "1"})


@pytest.fixture
def text(quick: Plan) -> str:
    return quick.model_dump_json(context=STORED)


def needs(plan: Plan) -> Needs:
    return Needs((plan.data_path,), (plan.model,))


def fetcher(plan: Plan) -> Any:
    return {parcel.place: parcel.content for parcel in load_of(needs(plan)).parcels}


def test_it_trains_with_what_was_sent_alone(order: Order, quick: Plan, text: str, tmp_path: Path) -> None:
    parcels, fetched, told = fetcher(quick), list[str](), list[Any]()

    def fetch(place: str) -> Any:
        fetched.append(place)
        return parcels[place]()

    back = train_far(order, text, fetch, told.extend)
    assert back.error is None and set(fetched) == set(order.sizes)
    assert not any(name.startswith(("checkpoints", ".lock")) for name in back.files)
    write(back.files, tmp_path / "run")
    assert Run(tmp_path / "run").finished and Run(tmp_path / "run").has_model
    assert ("start", "train") in {event[:2] for event in told} and told[-1] == ("finish",)
    assert (
        all((tmp_path / "cache" / FOLDER / place).is_dir() for place in order.sizes)
        and os.environ["TUNEBOOK_ALLOW_CODE"] == "1"
    )
    again = train_far(order, text, lambda place: pytest.fail("it is unpacked already"), told.extend)
    assert again.files["model/model.safetensors"].tobytes() == back.files["model/model.safetensors"].tobytes()


def test_a_run_that_diverges_comes_back_with_what_there_is(
    order: Order, quick: Plan, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunebook.engine.track import MetricsLog

    log = MetricsLog.on_log

    def spoil(self: Any, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
        log(self, args, state, control, logs={"loss": float("nan")}, **more)

    monkeypatch.setattr(MetricsLog, "on_log", spoil)
    back = train_far(order, text, lambda place: fetcher(quick)[place](), lambda events: None)
    assert back.error is not None and back.error.code == "run.diverged"
    assert "failed.json" in back.files and "outcome.json" not in back.files


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (RunError("run.idle", key="x", value=1), "run.idle"),
        (OSError(28, "No space left on device"), "machine.disk"),
        (ZeroDivisionError("by nothing"), "engine.task"),
    ],
)
def test_what_goes_wrong_comes_back_as_an_error_of_the_house(
    raised: Exception, code: str, order: Order, quick: Plan, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(module, "train", fail)
    back = train_far(order, text, lambda place: fetcher(quick)[place](), lambda events: None)
    assert back == Back(back.error) and back.error is not None and back.error.code == code
    if code == "engine.task":
        assert "ZeroDivisionError: by nothing" in back.error.message


def test_a_machine_with_other_versions_is_refused(order: Order, text: str) -> None:
    other = replace(order, needs={**order.needs, "torch": "1.0", "their-techniques": "3"})
    back = train_far(other, text, lambda place: pytest.fail("nothing is fetched"), lambda events: None)
    assert isinstance(back.error, MachineError) and back.error.code == "engine.versions"
    assert "torch 1.0, their-techniques 3" in str(back.error) and "their-techniques –" in back.error.message
    check_alike(order.needs)
    assert work_far(other, lambda where: pytest.fail("it does not begin"), lambda place: {}) is not None
    assert str(unlike("far", {"torch": ("2", "1")})).splitlines()[0].endswith("torch 1.")


def test_an_error_that_nobody_foresaw_is_told_with_its_kind() -> None:
    found = failed(ValueError("odd"), "one")
    assert (found.code, found.key) == ("engine.task", "one") and "ValueError: odd" in found.message
    assert failed(OSError(28, "full", "/x"), "one").code.startswith("machine."), "unless the machine is to blame"
