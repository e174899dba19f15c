"""Rating on a terminal: one item after the other, a key an answer; what is on the screen names no run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import facts, prose
from tunebook.core.errors import DataError
from tunebook.core.messages import say
from tunebook.rating.study import PAIRS, Item, Question

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.rating.draw import Shown
    from tunebook.rating.session import Session

_LEAVE, _UNDO = ("q", "ｑ", "\x03", "\x04"), ("u", "ｕ")


def shown_data(session: Session, rater: str) -> dict[str, Any]:
    """The next item of a rater for machines; `item` is None once all are rated."""
    done, shown = session.done(rater), session.next(rater)
    data: dict[str, Any] = {"study": session.study.id, "rater": done.rater, "done": done.done, "of": done.of}
    return {**data, **_item_data(session, shown, None)}


def case_data(session: Session, arbiter: str) -> dict[str, Any]:
    """The next disagreement for machines."""
    found = session.case(arbiter)
    shown, question = found if found else (None, None)
    return {"study": session.study.id, "rater": arbiter, **_item_data(session, shown, question)}


def _item_data(session: Session, shown: Shown | None, only: str | None) -> dict[str, Any]:
    if shown is None:
        return {"item": None}
    item, study = shown.item, session.study
    asked = [question for question in study.questions if only in (None, question.key)]
    questions = [
        {
            "key": question.key, "asked": question.text, "allowed": study.values(item, question),
            "means": study.meant(item, question),
        }
        for question in asked
    ]  # fmt: skip
    told = {"item": item.key, "kind": item.kind, "text": item.text, "second": item.pair}
    return {**told, "sides": shown.answers, "questions": questions}


def converse(screen: Console, session: Session, rater: str) -> None:
    """Ask a rater item after item until all are rated or the rater leaves; each answer is kept before the next."""
    ask = _keys()
    while (shown := session.next(rater)) is not None:
        done, said = session.done(rater), session.said(rater, shown.item.key)
        screen.rule(say("rate.head", done=done.done + 1, of=done.of))
        _show(screen, shown)
        for question in session.study.questions:
            if question.key in said:
                continue
            value = _asked(screen, ask, session, shown, question)
            if value is None:
                prose(screen, say("rate.left_at", done=done.done, of=done.of))
                return
            if value in _UNDO:
                back = session.undo(rater, source="terminal")
                prose(screen, say("rate.undone", item=back) if back else say("rate.nothing_to_undo"), "yellow")
                break
            session.give(rater, shown.item.key, {question.key: value}, source="terminal")
    prose(screen, say("rate.no_next", rater=rater, of=session.done(rater).of), "green")


def judge(screen: Console, session: Session, arbiter: str) -> None:
    """The same of an arbiter and what raters disagree about."""
    ask = _keys()
    while (found := session.case(arbiter)) is not None:
        shown, key = found
        screen.rule(say("rate.head_case"))
        _show(screen, shown)
        value = _asked(screen, ask, session, shown, session.study.question(key))
        if value is None or value in _UNDO:
            return
        session.arbitrate(arbiter, shown.item.key, {key: value}, source="terminal")
    prose(screen, say("rate.no_case", rater=arbiter))


def _show(screen: Console, shown: Shown) -> None:
    lines = [(say("rate.asked"), plain(shown.item.text))]
    if shown.item.pair:
        lines.append((say("rate.beside"), plain(shown.item.pair)))
    names = ("rate.left", "rate.right") if shown.item.kind == PAIRS else ("rate.answer",)
    lines += [(say(name), plain(text)) for name, text in zip(names, shown.answers, strict=True)]
    screen.print(facts(lines))


def plain(text: str) -> str:
    """A text without signs that would move the cursor or colour the screen; what it says is somebody else's."""
    return "".join(sign if sign in "\n\t" or sign.isprintable() else "\ufffd" for sign in text)


def _asked(
    screen: Console, ask: Callable[[], str | None], session: Session, shown: Shown, question: Question
) -> str | None:
    """A value that fits, `u`, or None for leaving."""
    from tunebook.rating.session import checked

    screen.print(f"{question.text}  ({_keys_of(shown.item, question)})", style="bold")
    while True:
        pressed = ask()
        if pressed is None or pressed.strip().casefold() in _LEAVE:
            return None
        if pressed.strip().casefold() in _UNDO:
            return _UNDO[0]
        try:
            value = checked(session.study, shown.item, question, pressed)
        except DataError as error:
            screen.print(say("rate.again", value=plain(pressed.strip()), allowed=error.allowed), style="yellow")
            continue
        screen.print(f"→ {value}", style="dim")
        return value


def _keys_of(item: Item, question: Question) -> str:
    if item.kind == PAIRS:
        return say("rate.keys")
    return say("rate.keys_two") if question.right_or_wrong else say("rate.keys_points", points=question.points)


def _keys() -> Callable[[], str | None]:
    """Where answers come from: single keys of a terminal, else lines; None at the end."""
    if sys.stdin.isatty():
        return _key

    def line() -> str | None:
        sys.stdout.flush()
        return next(iter(sys.stdin.readline, ""), None)

    return line


def _key() -> str | None:
    import click

    try:
        return click.getchar()
    except (KeyboardInterrupt, EOFError):
        return None


__all__ = ["case_data", "converse", "judge", "plain", "shown_data"]
