"""Tunebook: fine-tune pretrained models as an engineering discipline.

import tunebook as tb

book = tb.init("book", data="reviews.csv")
run = tb.train(tb.plan(book.champion, book.data))
report = tb.evaluate(run)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunebook.core.errors import TunebookError
    from tunebook.core.nouns import DataRef, Labels, ParamTable, Plan, Report
    from tunebook.data.options import DataOptions
    from tunebook.verbs.book import Book, open_book
    from tunebook.verbs.check import check
    from tunebook.verbs.doctor import doctor
    from tunebook.verbs.evaluate import evaluate
    from tunebook.verbs.init import init
    from tunebook.verbs.plan import plan
    from tunebook.verbs.predict import predict, predict_file
    from tunebook.verbs.runs import Run
    from tunebook.verbs.train import train

__version__ = "0.1.0"

_WHERE = {
    "Book": "verbs.book",
    "DataOptions": "data.options",
    "DataRef": "core.nouns",
    "Labels": "core.nouns",
    "ParamTable": "core.nouns",
    "Plan": "core.nouns",
    "Report": "core.nouns",
    "Run": "verbs.runs",
    "TunebookError": "core.errors",
    "check": "verbs.check",
    "doctor": "verbs.doctor",
    "evaluate": "verbs.evaluate",
    "init": "verbs.init",
    "open_book": "verbs.book",
    "plan": "verbs.plan",
    "predict": "verbs.predict",
    "predict_file": "verbs.predict",
    "train": "verbs.train",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: `import tunebook` alone brings neither torch nor pydantic."""
    if name not in _WHERE:
        raise AttributeError(f"module 'tunebook' has no attribute {name!r}")
    return getattr(import_module(f"tunebook.{_WHERE[name]}"), name)


__all__ = [
    "Book",
    "DataOptions",
    "DataRef",
    "Labels",
    "ParamTable",
    "Plan",
    "Report",
    "Run",
    "TunebookError",
    "check",
    "doctor",
    "evaluate",
    "init",
    "open_book",
    "plan",
    "predict",
    "predict_file",
    "train",
]
