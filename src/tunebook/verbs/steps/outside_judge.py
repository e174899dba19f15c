"""A model behind an address that says which of two answers is better; all that it was asked and said is kept.

Such a judge prefers what it reads first, and long answers: so each pair is asked in both orders, and counts only where
both agree. The address is that of any server that speaks OpenAI's chat completions.
"""

from __future__ import annotations

import io
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunebook.core.errors import MachineError, PlanError
from tunebook.core.files import content_id
from tunebook.core.progress import Progress, Silent

KEY = "TUNEBOOK_JUDGE_KEY"  # of the environment; it is written nowhere
_TRIES, _SECONDS = 2, 120
_ASKED = (
    "You compare two answers to the same request. Judge whether they are right, complete and clear; ignore which "
    "stands first and which is longer.\n\nRequest:\n{prompt}\n\nAnswer 1:\n{first}\n\nAnswer 2:\n{second}\n\n"
    "Which is better? Reply with one character: 1, 2, or 0 if they are equally good."
)
_VERDICT = re.compile(r"(?<!\d)[012](?!\d)")


@dataclass(frozen=True)
class Judge:
    """A model behind an address.

    Attributes:
        address: such as `http://localhost:8000/v1`; model: its name there.
    """

    address: str
    model: str

    def __post_init__(self) -> None:
        if not re.match(r"https?://\S+$", self.address):
            raise PlanError("review.address", key="--judge", value=self.address, allowed="http://… | https://…")

    def ask(self, prompt: str) -> str:
        """What it replies.

        Raises:
            MachineError: `review.silent`: it cannot be reached, refuses, or says nothing that can be read.
        """
        body = {
            "model": self.model, "messages": [{"role": "user", "content": prompt}], "temperature": 0, "max_tokens": 16,
        }  # fmt: skip
        head = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            head["Authorization"] = f"Bearer {key}"
        url = f"{self.address.rstrip('/')}/chat/completions"
        request = urllib.request.Request(url, json.dumps(body).encode(), head)
        for left in reversed(range(_TRIES)):
            try:
                with urllib.request.urlopen(request, timeout=_SECONDS) as reply:
                    return str(json.load(reply)["choices"][0]["message"]["content"] or "")
            except (OSError, ValueError, LookupError, TypeError) as error:
                if isinstance(error, urllib.error.HTTPError):
                    error.close()  # it holds the connection
                if not left or (isinstance(error, urllib.error.HTTPError) and error.code < 500):
                    raise MachineError("review.silent", key="--judge", value=self.address, reason=str(error)) from error
        raise AssertionError  # the last try returns or raises


def compared(
    judge: Judge, pairs: Sequence[tuple[str, str, str]], kept: Path, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """What a judge says of pairs of answers: of each pair `first` and `second` (which of ours and theirs it prefers in
    either order: 1 for ours, -1 for theirs, 0 for neither, None for a reply that cannot be read) and `score` of ours,
    1, 0.5 or 0.

    Args:
        pairs: prompt, our answer, the other answer.
        kept: file of all that was asked and replied, a line each; what stands there is not asked again.
    """
    known = _read(kept)
    watch = progress or Silent()
    watch.start("review", 2 * len(pairs))
    found = []
    with kept.open("a", encoding="utf-8") as stream:
        for prompt, ours, theirs in pairs:
            sides = []
            for first, second, sign in ((ours, theirs, 1), (theirs, ours, -1)):
                asked = _ASKED.format(prompt=prompt, first=first, second=second)
                at = content_id([judge.address, judge.model, asked], 24)
                if at not in known:
                    known[at] = judge.ask(asked)
                    line = {
                        "id": at,
                        "judge": judge.model,
                        "address": judge.address,
                        "prompt": asked,
                        "reply": known[at],
                    }
                    stream.write(json.dumps(line, ensure_ascii=False) + "\n")
                    stream.flush()
                sides.append(_said(known[at], sign))
                watch.advance()
            agreed = sides[0] if sides[0] == sides[1] and sides[0] is not None else 0
            found.append({"first": sides[0], "second": sides[1], "score": 0.5 + agreed / 2})
    watch.finish()
    return found


def _said(reply: str, sign: int) -> int | None:
    """1 for ours, -1 for the other, 0 for neither; None where it says none of these."""
    match = _VERDICT.search(reply)
    return None if match is None else {"1": sign, "2": -sign, "0": 0}[match.group()]


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    found = {}
    for line in io.StringIO(path.read_text(encoding="utf-8")):  # a reply may hold line breaks of other kinds
        try:
            record = json.loads(line)
            found[record["id"]] = record["reply"]
        except (ValueError, LookupError):  # cut off by a crash: asked again
            continue
    return found


__all__ = ["KEY", "Judge", "compared"]
