#!/usr/bin/env bash
# What:    `Record.to_dict` of Argilla, and so the JSON that `records.to_json` and `records.to_list` write, leaves out the
#          status of each response. Answers that a person discarded or never submitted stand there like the others, and
#          come back without a status from `Record.from_dict`.
# Version: argilla 2.8.0
# Why:     whoever trains on such a file trains on labels that annotators threw away; nothing in it shows which.
#          `records.to_list(flatten=True)` does write `QUESTION.responses.status`.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder, with no server.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check argilla==2.8.0 requests==2.34.2  # which it imports and does not ask for
cd "$place"
"$place/venv/bin/python" - <<'PYTHON'
import json
from uuid import UUID

import argilla as rg

answers = {"submitted": "late", "discarded": "broken", "draft": "lost"}
responses = [
    rg.Response("topic", value, user_id=UUID(int=number), status=status)
    for number, (status, value) in enumerate(answers.items(), start=1)
]
record = rg.Record(id="r1", fields={"text": "My lamp is late"}, responses=responses)
written = record.to_dict()
print("argilla", rg.__version__)
print("given:  ", answers)
print("written:", json.dumps(written["responses"]["topic"], default=str))
back = [(answer.value, answer.status) for answer in rg.Record.from_dict(written).responses]
print("read back:", back)
same = "discarded" not in json.dumps(written, default=str) and back == [(value, None) for value in answers.values()]
print("as found" if same else "CHANGED")
raise SystemExit(not same)
PYTHON
