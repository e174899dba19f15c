"""One process of several, with a model that needs nothing: python -m tests.serve.run_worker ORDER."""

from __future__ import annotations

import sys

from tests.serve.models import Memory, Words
from tunebook.core.errors import BookError
from tunebook.core.operation import Serving
from tunebook.serve import workers
from tunebook.serve.sources import Given
from tunebook.serve.traffic import Traffic


def make_traffic(what, how):
    if what == "nothing":
        raise BookError("serve.what", key="what", value=what)
    if what == "broken":
        sys.exit(7)
    return Traffic(Given([Words()], Memory()), Serving())


if __name__ == "__main__":
    workers.make_traffic = make_traffic
    workers.main(sys.argv[1])
