"""Progress: a line now and then where there is no terminal, bars where there is one."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from tunebook.cli.bars import Bars, rate_text


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_plain_line_every_ten_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    with Bars("macro_f1", stream=stream, clock=clock) as bars:
        bars.start("train", 100, 10)
        for _ in range(30):
            clock.now += 1
            bars.advance(1, loss=0.5, eval_macro_f1=0.75, learning_rate=1e-4)
        bars.finish()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Training 20/100 · 1.0/s · 80 s left · loss 0.500  validation macro_f1 0.750"
    assert [line.split()[1] for line in lines] == ["20/100", "30/100", "40/100", "40/100"]


def test_where_room_is_short_the_bar_gives_way_and_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    stream, clock = Terminal(), Clock()
    with Bars("accuracy", stream=stream, clock=clock) as bars:
        bars.start("train", 1234)
        bars.advance(1230, loss=0.5, eval_accuracy=0.75)
        clock.now = 60
        bars.finish()
    assert "1230/1234" in stream.getvalue() and "accuracy 0.750" in stream.getvalue()
    assert "…" not in stream.getvalue()


def test_a_verdict_that_is_worked_out_is_announced() -> None:
    stream = io.StringIO()
    with Bars(stream=stream) as bars:
        bars.start("ab", 6)
        bars.start("verdict", 1)
        assert stream.getvalue() == "Working out the verdict 0/1\n"
        bars.advance()
        bars.finish()
    assert stream.getvalue().splitlines()[-1].startswith("Working out the verdict 1/1")


def test_short_work_is_quiet() -> None:
    stream, clock = io.StringIO(), Clock()
    with Bars(stream=stream, clock=clock) as bars:
        clock.now = 60  # the model was loaded meanwhile
        bars.start("tokenise", 5)
        bars.advance(5)
        bars.finish()
    assert stream.getvalue() == ""


def test_an_advance_or_finish_of_nothing_is_no_fault() -> None:
    bars = Bars(stream=io.StringIO())
    bars.advance(1)
    bars.finish()
    assert bars.works == []


def test_unknown_work_keeps_its_name_and_work_may_nest() -> None:
    stream, clock = io.StringIO(), Clock()
    with Bars(stream=stream, clock=clock) as bars:
        bars.start("train", 4)
        bars.start("polishing", 2)
        clock.now = 11
        bars.advance()
        bars.finish()
        clock.now = 30
        bars.advance()
        bars.finish()
    titles = [line.split()[0] for line in stream.getvalue().splitlines()]
    assert titles == ["polishing", "polishing", "Training", "Training"]


@pytest.mark.parametrize(("seconds", "kept"), [(0.2, False), (5.0, True)])
def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch, seconds: float, kept: bool) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    stream, clock = Terminal(), Clock()
    with Bars("auc", stream=stream, clock=clock) as bars:
        bars.start("train", 10)
        clock.now += seconds
        bars.advance(10, loss=0.25, eval_auc=0.9)
        assert [task.completed for task in bars.screen.tasks] == [10]
        bars.finish()
        assert len(bars.screen.tasks) == kept
    if kept:
        assert "Training" in stream.getvalue() and "loss 0.250  validation auc 0.900" in stream.getvalue()


def test_bars_stop_when_work_fails() -> None:
    stream = Terminal()
    with pytest.raises(ValueError, match="broken"), Bars(stream=stream) as bars:
        bars.start("train", 10)
        raise ValueError("broken")
    assert bars.screen.live.is_started is False


@pytest.mark.parametrize(("rate", "text"), [(0.0, ""), (2.345, "2.3/s"), (0.2, "0.2/s"), (0.04, "25 s each")])
def test_slow_work_tells_seconds_of_a_unit(rate: float, text: str) -> None:
    assert rate_text(rate) == text


def test_transformers_draws_no_bars_of_its_own_whatever_was_imported_first() -> None:
    code = (
        "import huggingface_hub.constants\nfrom tunebook.cli.bars import Bars\nwith Bars():\n"
        "    from transformers.utils.logging import is_progress_bar_enabled\nprint(is_progress_bar_enabled())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert told.stdout.strip() == "False", told.stderr
