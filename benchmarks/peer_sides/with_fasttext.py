"""fastText with its own search of hyper-parameters (autotune) for as long as the budget lasts."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import fasttext

from asked import Asked, answer

HELD_OUT = 0.1  # of the rows, by which the search chooses


def learn(asked: Asked) -> list[str]:
    """Search and train; Chinese characters stand apart, for its n-grams are of words."""
    names = sorted(set(asked.labels))
    lines = [
        f"__label__{names.index(label)} {words(text, asked)}"
        for text, label in zip(asked.texts, asked.labels, strict=True)
    ]
    random.Random(0).shuffle(lines)
    cut = max(1, round(HELD_OUT * len(lines)))
    with tempfile.TemporaryDirectory() as folder:
        held, rows = Path(folder, "held.txt"), Path(folder, "rows.txt")
        held.write_text("\n".join(lines[:cut]) + "\n", encoding="utf-8")
        rows.write_text("\n".join(lines[cut:]) + "\n", encoding="utf-8")
        seconds = max(1, int(0.9 * asked.budget))
        model = fasttext.train_supervised(
            str(rows), autotuneValidationFile=str(held), autotuneDuration=seconds, thread=1, verbose=0
        )
    found, _ = model.predict([words(text, asked) for text in asked.asked])
    return [names[int(one[0].removeprefix("__label__"))] for one in found]


def words(text: str, asked: Asked) -> str:
    """A text in one line whose words stand apart."""
    line = " ".join(text.split())
    return " ".join(line) if asked.chinese else line.lower()


if __name__ == "__main__":
    answer(learn, "fasttext-numpy2-wheel")
