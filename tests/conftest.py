"""Fixtures shared by all tests: tiny models built from a config, one thread, no network."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import nullcontext

import pytest
from hypothesis import HealthCheck, settings

from tests import untraced

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TUNEBOOK_LANG", "en")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Tests start many commands: each keeps what it has compiled, or imports of libraries take three times as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# The knowledge base of who runs the tests is left alone.
os.environ["TUNEBOOK_HOME"] = tempfile.mkdtemp(prefix="tunebook-home-")
atexit.register(shutil.rmtree, os.environ["TUNEBOOK_HOME"], ignore_errors=True)
# How long an example takes is no property: a loaded machine fails no test.
settings.register_profile("tests", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
if sys.gettrace() is not None:
    untraced.imports()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow begins first, so that no processor waits at the end for the other."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """What coverage need not see of the modules that the tests have imported."""
    if sys.gettrace() is not None:
        untraced.trainings()
        untraced.libraries()


def watched(item: pytest.Item) -> bool:
    return item.get_closest_marker("no_cover") is None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """What is made for a test at which coverage does not look is made unseen as well."""
    with nullcontext() if watched(item) else untraced.unseen():
        return (yield)


@pytest.fixture(scope="module", autouse=True)
def settled() -> None:
    """Every training ends with a full garbage collection: let it pass over what the modules before have imported.

    What is garbage by now is collected first, so that nothing is kept for good that a test has left.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def even_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose speed does not change from plan to plan: what takes longer is told by the work alone."""
    from tunebook.models.cpu_speed import Speed

    speed = Speed(operation=1e-9, module=1e-3, tensor=1e-4, parameter=1e-8)
    monkeypatch.setattr("tunebook.verbs.steps.estimate.this_speed", lambda width, tokens, precision: speed)
