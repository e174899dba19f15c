"""Techniques made for these tests, so that they do not depend on the real ones."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, model_validator

from tunebook.core import registry
from tunebook.core.params import Row
from tunebook.core.technique import Technique

REAL = registry.techniques, registry.stages, registry.own_rows


class Shake(Technique):
    key: ClassVar[str] = "shake"

    size: Annotated[
        float, Field(gt=0, le=10), Row("length of the shift", zh="扰动长度", aliases=("shake_epsilon",))
    ] = 1.0
    parts: Annotated[tuple[str, ...], Row("names of what is shaken", zh="受扰动的部分")] = ("embeddings",)
    depth: Annotated[int | Literal["all"], Row("how deep", zh="深度")] = "all"
    hidden: Annotated[bool, Row("also hidden layers", zh="包括隐藏层")] = False
    note: Annotated[str | None, Row("free words", zh="文字")] = None


class Fade(Technique):
    key: ClassVar[str] = "fade"

    first: Annotated[int, Field(ge=0), Row("first step", zh="首步", unit="steps")] = 0
    last: Annotated[int, Field(ge=0), Row("last step", zh="末步", unit="steps")] = 10

    @model_validator(mode="after")
    def _ordered(self) -> Fade:
        if self.first > self.last:
            raise ValueError(f"first = {self.first} > last = {self.last}")
        return self


@pytest.fixture(autouse=True)
def own_techniques(monkeypatch):
    known = {"shake": Shake, "fade": Fade}
    monkeypatch.setattr(registry, "techniques", lambda: known)
    monkeypatch.setattr(registry, "stages", dict)
    monkeypatch.setattr(registry, "own_rows", dict)
    return known


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "en")


@pytest.fixture
def real_techniques(monkeypatch):
    """The techniques, stages and rows of tasks that there are, instead of those made here."""
    for name, found in zip(("techniques", "stages", "own_rows"), REAL, strict=True):
        monkeypatch.setattr(registry, name, found)
