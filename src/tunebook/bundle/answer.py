"""The command line of a bundle: `python predict.py "a text"`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from tunebook.bundle.runtime import open_bundle
from tunebook.core.errors import TunebookError


def main(folder: Path, given: Sequence[str]) -> int:
    """Print an answer for each text as a line of JSON; without texts each line of the standard input is one.

    Returns:
        The exit code: 2 where something that was given is wrong, or nothing was given at a terminal.
    """
    parser = argparse.ArgumentParser(prog="predict.py", description="Answers of the model in this folder.")
    parser.add_argument("texts", nargs="*", help="texts to answer; without any, the lines of the standard input")
    parser.add_argument("--pair", action="append", help="second text of each, of a model of pairs")
    parser.add_argument("--top-k", type=int, help="scores of so many classes only; of all by default")
    parser.add_argument("--threads", type=int, default=0, help="of one pass; by default all that there are")
    asked = parser.parse_args(list(given))
    if not asked.texts and sys.stdin.isatty():
        parser.print_help(sys.stderr)
        return 2
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):  # JSON, whatever the machine writes otherwise
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        bundle = open_bundle(folder, asked.threads)
        texts = asked.texts or [line.rstrip("\r\n") for line in sys.stdin]
        for answer in bundle.predict(texts, asked.pair, top_k=asked.top_k):
            sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has read enough, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except TunebookError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


__all__ = ["main"]
