"""Which backend answers: by stand-in seconds, with answers that are real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.backends.models import Made, base_model, made
from tunebook.backends import choice, graph, measured
from tunebook.backends.choice import Chooser, Chosen
from tunebook.backends.measured import Measured
from tunebook.core.errors import MachineError, ModelError, TunebookError
from tunebook.engine.infer import Inference, Outputs

ROWS = 2400
Asked = Callable[[Chooser, int], tuple[Chosen, np.ndarray[Any, Any]]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_model(tmp_path_factory.mktemp("base"))


@pytest.fixture
def found(base: Path) -> Made:
    return made(base, "text_classification", 0)


@dataclass
class World:
    """Seconds of a token by torch and by the graph, what the graph adds to answers, and the passes that were made."""

    torch: float = 4.0
    graph: float = 1.0
    wrong: float = 0.0
    now: float = 0.0
    passes: list[str] = field(default_factory=list)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made, run = World(), Inference.run

    def counted(self: Inference, model: Any, encoded: Any, *more: Any, **named: Any) -> Outputs:
        by = "onnx" if "forward" in model.__dict__ else "eager"
        made.passes.append(by)
        made.now += int(encoded.lengths.sum()) * (made.graph if by == "onnx" else made.torch)
        outputs = run(self, model, encoded, *more, **named)
        return Outputs(outputs.logits + made.wrong, outputs.loss) if by == "onnx" else outputs

    monkeypatch.setattr(Inference, "run", counted)
    monkeypatch.setattr(measured, "time", SimpleNamespace(perf_counter=lambda: made.now))
    monkeypatch.setattr(choice, "perf_counter", lambda: made.now)
    return made


def many(found: Made, rows: int = ROWS) -> Any:
    return found.encoded.take(np.resize(np.arange(len(found.encoded)), rows))


def chooser(found: Made, told: list[Chosen], **more: Any) -> Chooser:
    return Chooser(found.model, found.model.config.to_dict(), found.labels, told=told.append, **more)


def answered(found: Made, by: Chooser, rows: int = ROWS) -> Any:
    inference = Inference(found.task, found.inference.pad, batch_size=4, way=by)
    return inference.outputs(found.model, many(found, rows))


def right(found: Made, rows: int = ROWS) -> Any:
    return Inference(found.task, found.inference.pad, batch_size=4).outputs(found.model, many(found, rows))


def test_the_quicker_one_that_says_the_same_is_chosen_and_kept(found: Made, world: World) -> None:
    told: list[Chosen] = []
    expected = right(found)
    first = chooser(found, told)
    np.testing.assert_allclose(answered(found, first), expected, atol=1e-5)
    assert (told[0].backend, told[0].why, told[0].kept) == ("onnx", "measured", False)
    assert told[0].faster == pytest.approx(4) and told[0].difference is not None and told[0].difference < 1e-5
    assert world.passes[-1] == "onnx" and told[0].rows == 64
    world.passes.clear()
    np.testing.assert_allclose(answered(found, chooser(found, told, kept=first.kept)), expected, atol=1e-5)
    assert told[1] == told[0].model_copy(update={"kept": True}) and world.passes == ["onnx"], (
        "nothing is measured again"
    )


def test_a_slower_one_is_not_chosen(found: Made, world: World) -> None:
    told: list[Chosen] = []
    world.graph = 3.9
    np.testing.assert_allclose(answered(found, chooser(found, told)), right(found), atol=1e-6)
    assert (told[0].backend, told[0].why) == ("eager", "measured") and told[0].faster == pytest.approx(
        4 / 3.9, abs=1e-3
    )
    assert world.passes.count("onnx") == 2, "it was tried"


def test_one_that_says_something_else_is_refused(found: Made, world: World) -> None:
    told: list[Chosen] = []
    world.wrong = 1e-3
    np.testing.assert_allclose(answered(found, chooser(found, told)), right(found), atol=1e-6)
    assert (told[0].backend, told[0].why, told[0].faster) == ("eager", "measured", None)
    assert told[0].difference == pytest.approx(1e-3, abs=1e-5)
    with pytest.raises(ModelError) as error:
        answered(found, chooser(found, told, wanted="onnx"), 8)
    assert error.value.code == "backend.differs" and len(told) == 1


def test_few_rows_are_not_worth_it(found: Made, world: World) -> None:
    told: list[Chosen] = []
    by = chooser(found, told)
    np.testing.assert_array_equal(answered(found, by, 8), right(found, 8))
    assert (told[0].backend, told[0].why) == ("eager", "few") and "onnx" not in world.passes
    answered(found, chooser(found, told), 720)
    assert told[1].why == "few" and "onnx" not in world.passes, "what is left would not make up for the measurement"


def test_a_graph_that_takes_longer_than_it_saves_is_not_made(found: Made, world: World) -> None:
    told: list[Chosen] = []
    by = chooser(found, told)
    by.kept._known["many"] = Measured(rows=8, eager=4.0, onnx=1.0, start=1e9, difference=0.0)
    answered(found, by)
    assert told[0].why == "few" and world.passes == ["eager"]


def test_asked_for_it_answers_few_rows_too(found: Made, world: World) -> None:
    told: list[Chosen] = []
    by = chooser(found, told, wanted="onnx")
    for _ in range(2):
        np.testing.assert_allclose(answered(found, by, 8), right(found, 8), atol=1e-5)
    assert [(one.backend, one.why) for one in told] == [("onnx", "asked")] * 2
    assert world.passes == ["eager", "onnx", "onnx", "eager", "onnx", "eager"], "it is held against torch once"


def test_a_model_without_a_graph_is_answered_by_torch_or_refused(found: Made, world: World) -> None:
    told: list[Chosen] = []
    hook = found.model.bert.pooler.register_forward_hook(lambda *_: None)
    np.testing.assert_array_equal(answered(found, chooser(found, told)), right(found))
    assert (told[0].backend, told[0].why) == ("eager", "unfit") and "bert.pooler" in told[0].reason
    with pytest.raises(ModelError) as error:
        answered(found, chooser(found, told, wanted="onnx"), 8)
    assert error.value.code == "backend.unfit"
    hook.remove()


def test_a_graph_that_cannot_be_made_is_told(found: Made, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Chosen] = []
    first = chooser(found, told)
    answered(found, first)

    def gone(*given: Any) -> Any:
        raise ModelError("backend.unfit", key="backend", value="gone")

    monkeypatch.setattr(choice, "make_graph", gone)
    for by in (chooser(found, told), chooser(found, told, kept=first.kept)):
        np.testing.assert_allclose(answered(found, by), right(found), atol=1e-6)
        assert (told[-1].backend, told[-1].why) == ("eager", "unfit") and "gone" in told[-1].reason
    with pytest.raises(TunebookError, match="gone"):
        answered(found, chooser(found, told, wanted="onnx"), 8)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_a_package_torch_answers(package: str, found: Made, world: World, monkeypatch: Any) -> None:
    told: list[Chosen] = []
    monkeypatch.setattr(graph, "find_spec", lambda name: None if name == package else object())
    np.testing.assert_array_equal(answered(found, chooser(found, told)), right(found))
    assert (told[0].backend, told[0].why) == ("eager", "unfit") and package in told[0].reason
    with pytest.raises(MachineError) as error:
        answered(found, chooser(found, told, wanted="onnx"), 8)
    assert error.value.code == "machine.extra"


def test_rows_that_are_all_measured_on_are_answered_once(found: Made, world: World) -> None:
    told: list[Chosen] = []
    by = Chooser(found.model, found.model.config.to_dict(), found.labels)
    expected = Inference(found.task, found.inference.pad, batch_size=400).outputs(found.model, many(found, 800))
    world.passes.clear()
    answers = Inference(found.task, found.inference.pad, batch_size=400, way=by).outputs(found.model, many(found, 800))
    np.testing.assert_array_equal(answers, expected)
    assert world.passes[0] == "eager" and "onnx" not in world.passes and not told


def test_one_graph_serves_all_that_is_asked_of_a_model(found: Made, world: World) -> None:
    told: list[Chosen] = []
    by = chooser(found, told)
    answered(found, by)
    by.kept._known["many"] = by.kept._known["many"].model_copy(update={"start": 1e9})
    answered(found, by)
    assert told[1].backend == "onnx" and told[1].kept, "it is there already"
    Inference(found.task, found.inference.pad, batch_size=1, way=by).outputs(found.model, many(found))
    assert told[2].backend == "onnx" and not told[2].kept, "row by row is measured by itself"


def test_no_rows_have_no_answers(found: Made, world: World) -> None:
    for wanted in ("auto", "onnx"):
        assert len(answered(found, chooser(found, [], wanted=wanted), 0)) == 0


def test_what_was_trained_beside_the_weights_is_added_up_first(found: Made, world: World) -> None:
    told: list[Chosen] = []
    by = chooser(found, told, wanted="onnx", whole=lambda: found.model)
    np.testing.assert_allclose(answered(found, by, 8), right(found, 8), atol=1e-5)
    found.model.forward = lambda **given: None
    with pytest.raises(ModelError, match="BertFor"):
        answered(found, chooser(found, told, wanted="onnx", whole=lambda: found.model), 8)
    del found.model.forward


def test_rows_that_hang_together_are_read_together(base: Path, world: World) -> None:
    told: list[Chosen] = []
    found = made(base, "embedding", 0)
    by = Chooser(found.model, found.model.config.to_dict(), found.labels, told=told.append)
    assert len(found.encoded.targets) > 0
    answered(found, by, len(found.encoded))
    assert told[0].backend == "eager" and world.passes == ["eager"]
