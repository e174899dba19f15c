"""A server for models of a book, or for bundles: `tunebook serve`, and `make_app` for whoever has a server already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunebook.serve.start import make_app


def __getattr__(name: str) -> Any:
    """`make_app`, loaded when it is asked for."""
    if name != "make_app":
        raise AttributeError(f"module 'tunebook.serve' has no attribute {name!r}")
    from tunebook.serve.start import make_app

    return make_app


__all__ = ["make_app"]
