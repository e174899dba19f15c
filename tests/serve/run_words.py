"""A server of a model that needs nothing, as a process: python -m tests.serve.run_words PORT [LOG]."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.serve.models import Words
from tunebook.core.operation import Serving
from tunebook.serve.server import Listen, bound, run_on, url_of
from tunebook.serve.sources import Given, open_journal
from tunebook.serve.start import How
from tunebook.serve.traffic import Traffic


def main(port: str, log: str = "", slow: str = "0") -> None:
    listen = Listen(port=int(port), drain=0.3)
    journal = open_journal(Path(log), Path(log).parent / "spool")[1] if log else None
    traffic = Traffic(Given([Words(slow=float(slow))], journal), Serving())
    sock = bound(listen)

    def ready() -> None:
        sys.stdout.write(json.dumps({"url": url_of(sock)}) + "\n")
        sys.stdout.flush()

    done = run_on(sock, traffic, listen, How(), ready)
    sys.stdout.write(json.dumps(done) + "\n")
    sys.stdout.write(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
