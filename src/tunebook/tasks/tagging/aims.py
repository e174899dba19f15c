"""What can be explained of spans: of each that is found, how strongly its tags are said."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tunebook.bundle.pieces import END, FIRST, PART, START
from tunebook.bundle.spans import SAID, Spans
from tunebook.core.answers import Rows
from tunebook.core.batch import Batch
from tunebook.core.explains import Aim
from tunebook.core.nouns import Labels
from tunebook.nets.odds import log_odds

_MOST = 20  # spans of a row


def aims(read: Tensor, batch: Batch, rows: Rows, labels: Labels, temperature: float = 1.0) -> list[Aim]:
    """The spans of the only row in their order: of each the mean log-odds of its tags at its pieces.

    A chain between tags is left aside: what is explained is what the tokens themselves say.

    Args:
        read: the spans, as `read` of the task gives them. temperature: that the log-odds of a span are divided by.
    """
    found = Spans.of(read.cpu().numpy(), SAID)
    made = []
    for start, end, label in zip(found.start.tolist(), found.end.tolist(), found.label.tolist(), strict=True):
        inside = (batch[PART] == FIRST) & (batch[START] >= start) & (batch[END] <= end)
        line, place = (column.cpu() for column in inside.nonzero(as_tuple=True))
        if not len(line):
            continue
        places = place[line == line[0]]
        tags = torch.full_like(places, 2 + 2 * label)
        tags[batch[START][line[0], places].cpu() == start] = 1 + 2 * label
        name = f"{rows.texts[0][start:end]} · {labels.names[label]}"
        made.append(Aim(name, _score(places, tags, temperature), line=int(line[0])))
    return made[:_MOST]


def _score(places: Tensor, tags: Tensor, temperature: float) -> Any:
    return lambda found: log_odds(found.logits[:, places].float(), tags).mean(dim=1) / temperature


__all__ = ["aims"]
