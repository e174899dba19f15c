"""What coverage need not see hides nothing else: calls before and after are seen, also after an error."""

from __future__ import annotations

import sys
from threading import Thread
from types import FrameType

from tests.untraced import untraced


def seen(hides: bool) -> list[str]:
    """Names of the functions that a tracer sees, in a thread of its own so that coverage goes on in this one."""
    names: list[str] = []

    def inner() -> None:
        raise ValueError

    def hidden(asked: bool) -> None:
        inner()

    def later() -> None:
        pass

    def trace(frame: FrameType, what: str, given: object) -> None:
        names.append(frame.f_code.co_name)

    def calls() -> None:
        sys.settrace(trace)
        try:
            untraced(hidden, lambda asked: asked)(hides)
        except ValueError:
            later()
        sys.settrace(None)

    thread = Thread(target=calls)
    thread.start()
    thread.join()
    return names


def test_only_the_function_is_unseen() -> None:
    assert not {"hidden", "inner"} & set(seen(True)) and seen(True)[-1] == "later"
    assert {"hidden", "inner", "later"} <= set(seen(False))
