"""Where coverage need not look, which makes everything twice as slow: libraries, what runs the tests, and
trainings that others watch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from _pytest.assertion import rewrite

# Folders whose tests are about what happens inside a training, or what comes of it: there coverage watches it.
WATCHED = ("engine", "models", "nets", "oracle", "techniques")


def untraced(function: Callable[..., Any], when: Callable[..., bool] = lambda *given: True) -> Callable[..., Any]:
    """The function, at whose calls coverage does not look, where `when` is true of its arguments."""

    @wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        if sys.gettrace() is None or not when(*given):
            return function(*given, **named)
        with unseen():
            return function(*given, **named)

    return called


@contextmanager
def unseen() -> Iterator[None]:
    """Inside, coverage does not look."""
    before = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(before)
        _resumed()


def _resumed() -> None:
    """The tracer takes hold again with the next call: this one, before a frame that it has seen begin ends unseen."""


def _foreign(loader: SourceFileLoader, module: ModuleType) -> bool:
    return "site-packages" in Path(loader.path).parts


def _elsewhere(*given: Any) -> bool:
    return not os.environ.get("PYTEST_CURRENT_TEST", "").startswith(tuple(f"tests/{name}/" for name in WATCHED))


def imports() -> None:
    """From now on libraries are imported, and tests rewritten by pytest, unseen."""
    SourceFileLoader.exec_module = untraced(SourceFileLoader.exec_module, _foreign)
    rewrite._rewrite_test = untraced(rewrite._rewrite_test)


def _of_a_library(kind: type[Any]) -> bool:
    return kind.__module__.partition(".")[0] not in ("tunebook", "tests")


def _all_of_libraries(module: Any, *given: Any) -> bool:
    """Whether no part of a model is ours, and none is listened to."""
    return all(
        _of_a_library(type(part)) and not (part._forward_hooks or part._forward_pre_hooks or "forward" in vars(part))
        for part in module.modules()
    )


def _plain_step(optimizer: Any, *given: Any) -> bool:
    """Whether it is a library's, which calls nobody back."""
    hooks = (optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks)
    return _of_a_library(type(optimizer)) and not given and not any(hooks)


def libraries() -> None:
    """From now on models of libraries are loaded, saved, asked and stepped unseen, and templates compiled."""
    from jinja2 import Environment
    from torch.nn import Module
    from torch.optim import Optimizer
    from transformers import AutoTokenizer, PreTrainedModel
    from transformers.models.auto.auto_factory import _BaseAutoModelClass

    Module.__call__ = untraced(Module.__call__, _all_of_libraries)
    step = Optimizer.profile_hook_step
    Optimizer.profile_hook_step = staticmethod(lambda function: untraced(step(function), _plain_step))
    for kind in (*_BaseAutoModelClass.__subclasses__(), AutoTokenizer):
        for name in {"from_pretrained", "from_config"} & vars(kind).keys():
            setattr(kind, name, classmethod(untraced(getattr(kind, name).__func__)))
    PreTrainedModel.save_pretrained = untraced(PreTrainedModel.save_pretrained, _all_of_libraries)
    Environment.compile = untraced(Environment.compile)


def trainings() -> None:
    """From now on models are trained and asked unseen by tests that are about something else."""
    for name, kind in (("fit", "Fit"), ("infer", "Inference")):
        if module := sys.modules.get(f"tunebook.engine.{name}"):
            found = getattr(module, kind)
            found.run = untraced(found.run, _elsewhere)


__all__ = ["imports", "libraries", "trainings", "unseen", "untraced"]
