"""Tunebook: fine-tune pretrained models as an engineering discipline.

import tunebook as tb

book = tb.init("book", data="reviews.csv")
run = tb.train(tb.plan(book.champion, book.data))
report = tb.evaluate(run)
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunebook.bundle.runtime import open_bundle
    from tunebook.core.errors import TunebookError
    from tunebook.core.nouns import DataRef, Labels, ParamTable, Plan, Report
    from tunebook.core.verdict import Gate, Verdict
    from tunebook.data.options import DataOptions
    from tunebook.verbs.ab import ab
    from tunebook.verbs.auto import auto
    from tunebook.verbs.bases import bases
    from tunebook.verbs.calibrate import calibrate
    from tunebook.verbs.challenge import challenge
    from tunebook.verbs.check import check
    from tunebook.verbs.compare import compare
    from tunebook.verbs.curve import curve
    from tunebook.verbs.embed import embed, embed_file
    from tunebook.verbs.errors import errors, read_errors
    from tunebook.verbs.evaluate import evaluate
    from tunebook.verbs.explain import explain, faithful, read_explanations
    from tunebook.verbs.export import export
    from tunebook.verbs.freeze_challenges import freeze_challenges
    from tunebook.verbs.init import init
    from tunebook.verbs.label_next import label_next
    from tunebook.verbs.mine import mine
    from tunebook.verbs.predict import load_models, predict, predict_file
    from tunebook.verbs.promote import promote, rollback
    from tunebook.verbs.rate import new_rating, open_rating, rating_result
    from tunebook.verbs.rerank import rerank
    from tunebook.verbs.search import search
    from tunebook.verbs.soup import soup
    from tunebook.verbs.steps.book import Book, open_book
    from tunebook.verbs.steps.doctor import doctor
    from tunebook.verbs.steps.merge import merge
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.recommend import recommend
    from tunebook.verbs.steps.runs import Run
    from tunebook.verbs.steps.train import train

__version__ = "0.1.0"

_WHERE = {
    "Book": "verbs.steps.book",
    "DataOptions": "data.options",
    "DataRef": "core.nouns",
    "Gate": "core.verdict",
    "Labels": "core.nouns",
    "ParamTable": "core.nouns",
    "Plan": "core.nouns",
    "Report": "core.nouns",
    "Run": "verbs.steps.runs",
    "TunebookError": "core.errors",
    "Verdict": "core.verdict",
    "ab": "verbs.ab",
    "auto": "verbs.auto",
    "bases": "verbs.bases",
    "calibrate": "verbs.calibrate",
    "challenge": "verbs.challenge",
    "check": "verbs.check",
    "compare": "verbs.compare",
    "curve": "verbs.curve",
    "doctor": "verbs.steps.doctor",
    "embed": "verbs.embed",
    "embed_file": "verbs.embed",
    "errors": "verbs.errors",
    "evaluate": "verbs.evaluate",
    "explain": "verbs.explain",
    "export": "verbs.export",
    "faithful": "verbs.explain",
    "freeze_challenges": "verbs.freeze_challenges",
    "init": "verbs.init",
    "label_next": "verbs.label_next",
    "load_models": "verbs.predict",
    "merge": "verbs.steps.merge",
    "mine": "verbs.mine",
    "new_rating": "verbs.rate",
    "open_book": "verbs.steps.book",
    "open_bundle": "bundle.runtime",
    "open_rating": "verbs.rate",
    "plan": "verbs.steps.plan",
    "predict": "verbs.predict",
    "predict_file": "verbs.predict",
    "promote": "verbs.promote",
    "rating_result": "verbs.rate",
    "read_errors": "verbs.errors",
    "read_explanations": "verbs.explain",
    "recommend": "verbs.steps.recommend",
    "rerank": "verbs.rerank",
    "rollback": "verbs.promote",
    "search": "verbs.search",
    "soup": "verbs.soup",
    "train": "verbs.steps.train",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: `import tunebook` alone brings neither torch nor pydantic.

    A verb comes with its border: what does not fit its signature is refused in words (`tunebook.core.call_check`).
    """
    found = _named(name)
    if found is None:
        raise AttributeError(f"module 'tunebook' has no attribute {name!r}")
    if isinstance(found, FunctionType):
        from tunebook.core.call_check import checked

        found = checked(found, _named)
    return globals().setdefault(name, found)


class _Verb(ModuleType):
    """A package that has the name of a verb, and can be called as that: `tunebook.export` is both."""

    @property
    def __wrapped__(self) -> Any:
        """The verb with its border."""
        from tunebook.core.call_check import checked

        return checked(_named(self.__name__.rpartition(".")[2]), _named)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__(*args, **kwargs)


class _Tunebook(ModuleType):
    """This package: what is imported into it must not hide a verb of the same name."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _WHERE and type(value) is ModuleType:
            value.__class__ = _Verb
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Tunebook


def _named(name: str) -> Any:
    """A public name as its module has it; None where there is none of it."""
    return getattr(import_module(f"tunebook.{_WHERE[name]}"), name) if name in _WHERE else None


def __dir__() -> list[str]:
    """The public names: verbs and records."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


__all__ = [
    "Book",
    "DataOptions",
    "DataRef",
    "Gate",
    "Labels",
    "ParamTable",
    "Plan",
    "Report",
    "Run",
    "TunebookError",
    "Verdict",
    "ab",
    "auto",
    "bases",
    "calibrate",
    "challenge",
    "check",
    "compare",
    "curve",
    "doctor",
    "embed",
    "embed_file",
    "errors",
    "evaluate",
    "explain",
    "export",
    "faithful",
    "freeze_challenges",
    "init",
    "label_next",
    "load_models",
    "merge",
    "mine",
    "new_rating",
    "open_book",
    "open_bundle",
    "open_rating",
    "plan",
    "predict",
    "predict_file",
    "promote",
    "rating_result",
    "read_errors",
    "read_explanations",
    "recommend",
    "rerank",
    "rollback",
    "search",
    "soup",
    "train",
]
