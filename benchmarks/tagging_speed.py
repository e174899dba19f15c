"""P3: rows a second of a tagger on a CPU, against the stock Trainer and against classifying the same texts.

The stock side is transformers' Trainer with DataCollatorForTokenClassification, which pads each batch to its longest
row; rows come in the same words, with the same batch size, optimiser and number of steps. The third side is Tunebook's
text classification of the same texts (whether a row has more entities than the median). They run one after the other,
A B C A B C ..., each in a process of its own; start-up, reading and tokenising are left out of the time. The F1 of
spans on the test rows after the last run of the first two shows that the faster one did not learn less.

    python -m benchmarks P3 [--pairs 5] [--steps 60]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import DATA, given, ratio, write_result
from benchmarks.training_speed import BATCH, RATE, alternated, timed_fit

CASES: dict[str, dict[str, Any]] = {
    "en_crossner": {"model": "builtin:minilm", "what": "news of politics, in words, 4 to 113 of them"},
    "zh_resume_ner": {"model": str(DATA / "model_zh_mini"), "what": "Chinese resumes, in signs, 1 to 355 of them"},
}
SIDES = ("tunebook", "stock", "classify")
LENGTH = 256


def files(case: str) -> dict[str, Path]:
    """Files of training and test rows: of CrossNER the larger parts, for speed and not for its few-shot setting."""
    if case == "en_crossner":
        return {"train": DATA / case / "politics" / "test.txt", "test": DATA / case / "politics" / "dev.txt"}
    return {"train": DATA / case / "train.char.bmes.gz", "test": DATA / case / "test.char.bmes"}


def read(case: str, folder: Path) -> tuple[Any, Any, Any]:
    """Training rows, test rows and labels."""
    from tunebook.data.load import load
    from tunebook.data.prepare import prepare

    named = files(case)
    data = prepare([named["train"]], folder / "data", test=named["test"])
    return load(data, "train"), load(data, "test"), data.labels


def run_stock(case: str, steps: int, score: bool) -> dict[str, float]:
    """transformers' Trainer as it comes; the first token of each word is its label."""
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    from tunebook.models.source import find_model

    folder = str(find_model(CASES[case]["model"]))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with tempfile.TemporaryDirectory() as place:
        train, test, labels = read(case, Path(place))
    names = ["O", *(f"{mark}-{name}" for name in labels.names for mark in "BI")]

    def rows(part: Any) -> list[dict[str, Any]]:
        found = []
        for text, words, target in zip(part.texts, part.words, part.targets, strict=True):
            marks = np.zeros(len(words), dtype=int)
            for start, end, kind in target[1 : 1 + 3 * target[0]].reshape(-1, 3):
                inside = (words[:, 0] >= start) & (words[:, 1] <= end)
                marks[inside] = 2 + 2 * kind
                marks[np.flatnonzero(inside)[0]] = 1 + 2 * kind
            read = tokenizer(
                [text[start:end] for start, end in words], is_split_into_words=True, truncation=True, max_length=LENGTH
            )
            places = read.word_ids()
            read["labels"] = [
                -100 if word is None or word == before else int(marks[word])
                for before, word in zip([None, *places], places, strict=False)
            ]
            found.append(dict(read))
        return found

    set_seed(0)
    model = AutoModelForTokenClassification.from_pretrained(folder, num_labels=len(names))
    with tempfile.TemporaryDirectory() as out:
        args = TrainingArguments(
            out, per_device_train_batch_size=BATCH, per_device_eval_batch_size=64, max_steps=steps, learning_rate=RATE,
            save_strategy="no", report_to=[], disable_tqdm=True, logging_steps=10_000,
        )  # fmt: skip
        collator = DataCollatorForTokenClassification(tokenizer)
        trainer = Trainer(model=model, args=args, train_dataset=rows(train), data_collator=collator)
        start = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - start
        result = {"seconds": seconds, "rows_per_second": steps * BATCH / seconds}
        if score:
            from seqeval.metrics import f1_score

            found = trainer.predict(rows(test))
            kept = found.label_ids >= 0
            true, said = (
                [[names[tag] for tag in row[mask]] for row, mask in zip(tags, kept, strict=True)]
                for tags in (found.label_ids, found.predictions.argmax(-1))
            )
            result["span_f1"] = float(f1_score(true, said))
    return result


def run_tunebook(case: str, task: str, steps: int, score: bool) -> dict[str, float]:
    """Tunebook's Fit with the same settings, its own defaults elsewhere."""
    from dataclasses import replace

    from tunebook.core.nouns import Labels
    from tunebook.core.registry import task_of
    from tunebook.engine.fit import Material
    from tunebook.engine.infer import Inference
    from tunebook.engine.tokens import encode
    from tunebook.models.source import find_model, load_tokenizer

    folder = find_model(CASES[case]["model"])
    tokenizer, kind = load_tokenizer(folder), task_of(task)()
    with tempfile.TemporaryDirectory() as place:
        train, test, labels = read(case, Path(place))
    if task == "text_classification":
        labels = Labels(problem="single_label", names=["few", "many"])
        middle = np.median(train.targets[:, 0])
        train, test = (replace(part, targets=(part.targets[:, 0] > middle).astype(int)) for part in (train, test))
    parts = [encode(part, kind, tokenizer, LENGTH) for part in (train, test)]

    def answered(fit: Any, trainer: Any) -> dict[str, float]:
        begun = time.perf_counter()
        answers = Inference(fit.task, tokenizer.pad_token_id).run(trainer.model, parts[1]).logits
        speed = len(parts[1]) / (time.perf_counter() - begun)
        headline = kind.headline(labels)
        return {"answered_per_second": speed, headline: kind.scores(answers, test.targets, labels)[headline]}

    material = Material(folder, tokenizer, parts[0], parts[1])
    settings = {"max_length": LENGTH, "max_steps": steps}
    return timed_fit(kind, labels, material, settings, answered if score else None)


def main(claim: str, arguments: list[str]) -> Path:
    """Alternate the sides of each case and write the result."""
    options = given(arguments, pairs=5, steps=60)
    result: dict[str, Any] = {"steps": options.steps, "batch_size": BATCH, "cases": {}}
    for case in CASES:
        found = alternated("benchmarks.tagging_speed", case, SIDES, options.pairs, options.steps)
        speeds = {side: [run["rows_per_second"] for run in runs] for side, runs in found.items()}
        result["cases"][case] = {
            "what": CASES[case]["what"],
            "runs": found,
            "speed_ratio": {
                side: ratio([a / b for a, b in zip(speeds["tunebook"], speeds[side], strict=True)])
                for side in SIDES[1:]
            },
        }
    return write_result(f"{claim}_tagging_speed", result)


if __name__ == "__main__":
    name, chosen, count, scored = sys.argv[1:5]
    if chosen == "stock":
        outcome = run_stock(name, int(count), scored == "1")
    else:
        learnt = "tagging" if chosen == "tunebook" else "text_classification"
        outcome = run_tunebook(name, learnt, int(count), scored == "1")
    print(json.dumps(outcome))
