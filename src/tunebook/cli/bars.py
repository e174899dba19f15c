"""Progress on a terminal as bars, elsewhere as a line now and then; always on stderr."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TextIO, cast

from tunebook.cli.streams import RobustStream, heard
from tunebook.core.messages import has_words, say

_EVERY = 10.0  # seconds between lines where no terminal shows bars, unless TUNEBOOK_PROGRESS_SECONDS says others
_SLOW = 0.2  # units a second below which one reads seconds a unit
_BRIEF = 1.5  # a bar that was over within so many seconds goes away


@dataclass
class _Work:
    """A piece of work under way."""

    title: str
    total: int
    begun: int
    done: int
    start: float
    bar: Any = None
    figures: dict[str, float] = field(default_factory=dict)
    told: bool = False


class Bars:
    """A watcher of long work for people, to be used as a context.

    Args:
        metric: the score to show beside the loss, as soon as it is known.
        stream: where to write.
        clock: seconds; for tests.

    Attributes:
        announced: works whose beginning gets a line where no terminal shows bars, for their first unit takes long.
    """

    announced: tuple[str, ...] = ("verdict",)

    def __init__(
        self, metric: str = "", *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.metric = metric
        self.stream = cast(TextIO, RobustStream(stream or sys.stderr))
        self.clock = clock
        self.works: list[_Work] = []
        self.last = clock()
        self.every = float(os.environ.get("TUNEBOOK_PROGRESS_SECONDS") or _EVERY)
        self.screen: Any = _screen(self.stream) if self.stream.isatty() else None

    def __enter__(self) -> Self:
        _quiet()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.screen is not None:
            self.screen.stop()

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A piece of work begins."""
        if self.screen is not None:
            heard()
        code = f"cli.work.{what}"
        work = _Work(say(code) if has_words(code) else what, total, done, done, self.clock())
        self.works.append(work)
        if self.screen is not None:
            self.screen.start()
            work.bar = self.screen.add_task(work.title, total=total, completed=done, figures="")
        elif what in self.announced:
            self._line(work)

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Some units are done."""
        if not self.works:
            return
        work = self.works[-1]
        work.done += amount
        work.figures |= figures
        if self.screen is not None:
            self.screen.update(work.bar, completed=work.done, figures=self._figures(work))
        elif self.clock() - max(self.last, work.start) >= self.every:
            self._line(work)

    def note(self, text: str) -> None:
        """Something out of the ordinary, on a line of its own above the bars."""
        if self.screen is not None:
            self.screen.console.print(text, style="yellow", markup=False, highlight=False)
        else:
            self.stream.write(text + "\n")
            self.stream.flush()

    def finish(self) -> None:
        """The piece of work is over."""
        if not self.works:
            return
        work = self.works.pop()
        if self.screen is None:
            if work.told:
                self._line(work)
        elif self.clock() - work.start < _BRIEF:
            self.screen.remove_task(work.bar)
        else:
            self.screen.stop_task(work.bar)

    def _line(self, work: _Work) -> None:
        """One plain line: how far, how fast, how long still."""
        self.last, work.told = self.clock(), True
        spent = self.last - work.start
        rate = (work.done - work.begun) / spent if spent > 0 else 0.0
        parts = [f"{work.title} {work.done}/{work.total}", *filter(None, [rate_text(rate)])]
        if rate and work.done < work.total:
            parts.append(say("cli.left", seconds=round((work.total - work.done) / rate)))
        self.stream.write(" · ".join([*parts, *filter(None, [self._figures(work)])]) + "\n")
        self.stream.flush()

    def _figures(self, work: _Work) -> str:
        """Loss of training, and the score on the validation rows that chooses the checkpoint."""
        shown = [("loss", "loss"), (f"eval_{self.metric}", f"{say('split.validation')} {self.metric}")]
        return "  ".join(f"{name} {work.figures[key]:.3f}" for key, name in shown if key in work.figures)


def rate_text(rate: float) -> str:
    """Units a second; seconds a unit where they take long; nothing before the first."""
    if not rate:
        return ""
    return f"{rate:.1f}/s" if rate >= _SLOW else say("cli.each", seconds=round(1 / rate))


def _quiet() -> None:
    """Switch off the bars that transformers draws of its own while it loads weights: one bar at a time."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    if "transformers" in sys.modules:
        from transformers.utils import logging

        logging.disable_progress_bar()
    elif "huggingface_hub" in sys.modules:  # it read the environment when it was imported, and transformers asks it
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()


def _screen(stream: TextIO) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.table import Column
    from rich.text import Text

    class Rate(ProgressColumn):
        """Units a second."""

        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text(rate_text(speed or 0.0), style="dim")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),  # where room is short the bar gives way, not a figure
        Rate(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True, table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[figures]}", markup=False, style="dim"),
        console=Console(file=stream, markup=False, highlight=False),
    )


__all__ = ["Bars", "rate_text"]
