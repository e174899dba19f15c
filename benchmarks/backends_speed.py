"""BACKENDS: rows a second of a model in memory by torch, torch in bf16, torch compiled, and onnxruntime, on a CPU.

A classifier of sentences, a tagger of news and an embedding of sentences, all of builtin:minilm after a few steps, read
the same rows singly and 32 at once; all ways in turns, A B C D A B C D ..., after a first pass of each. What the first
pass takes beyond a later one is told as the start. A way is exact as `predict --backend auto` has it: the same
decisions, and scores within 0.00001 of those of torch.

    python -m benchmarks BACKENDS [--pairs 3] [--rows 200] [--steps 30]
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.record import DATA, given, ratio, write_result
from benchmarks.sets import read_set

WAYS = ("eager", "bf16", "compiled", "onnx")
TASKS = ("text_classification", "tagging", "embedding")
AT_ONCE = (1, 32)
_KNOWN = 300  # rows that a model is made from
_COMPILED: dict[int, Any] = {}  # what was compiled of a model, which takes a while


def trained(task: str, steps: int, folder: Path) -> Any:
    """A run of a few steps."""
    import tunebook as tb
    from tunebook.tables.make import child

    options = tb.DataOptions(task=task)
    data: Any = DATA / "en_crossner" / "politics" / "test.txt"
    if task == "text_classification":
        data = [{"text": text, "label": f"class {label}"} for text, label in read_set("en_sst2")[:_KNOWN]]
    if task == "embedding":
        data = [{"query": text, "passage": f"{text}?"} for text, _ in read_set("en_sst2")[:_KNOWN]]
    book = tb.init(folder / "book", data, options=options)
    return tb.train(tb.plan(child(book.champion, {"max_steps": str(steps)}), book.data), track=())


def asked(task: str, rows: int, run: Any, loaded: Any) -> Any:
    """Tokens of rows that the model has not seen."""
    from tunebook.core.task import Rows
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load

    if task == "tagging":
        found = load(prepared_data(run.plan), "test").at(range(rows))
        return loaded.net.encoded(loaded.task.seen(replace(found, targets=None), loaded.plan.params))
    texts = [text for text, _ in read_set("en_sst2")[_KNOWN : _KNOWN + rows]]
    return loaded.task.encode(Rows(texts, None, None, texts), loaded.tokenizer, loaded.plan.params.max_length)


@contextmanager
def compiled(model: Any) -> Iterator[None]:
    """Inside, the forward pass of the model's encoder is compiled by torch for rows of any number and length."""
    import torch

    body = model.base_model
    body.forward = _COMPILED.setdefault(id(body), torch.compile(body.forward, dynamic=True))
    try:
        yield
    finally:
        del body.forward


def measured(loaded: Any, encoded: Any, size: int, pairs: int) -> dict[str, dict[str, Any]]:
    """Each way of reading so many rows at once: seconds of its passes, its start, and how far it is from torch."""
    import torch

    from tunebook.backends.graph import make_graph
    from tunebook.backends.measured import Trial
    from tunebook.engine.infer import Inference, head, vectors

    model = loaded.model
    labels, read = (None, vectors) if loaded.task.key == "embedding" else (loaded.plan.labels, head)
    plain = Inference(loaded.task, loaded.tokenizer.pad_token_id, size, read=read)
    begun = time.perf_counter()
    config = getattr(model, "config", None) or model.base_model.config
    graph = make_graph(model, config.to_dict(), torch.get_num_threads())
    made = time.perf_counter() - begun
    around: dict[str, Callable[[], Any]] = {"compiled": lambda: compiled(model), "onnx": lambda: graph.on(model)}

    def passed(way: str) -> tuple[Any, float]:
        inference = replace(plain, precision="bf16") if way == "bf16" else plain
        begun = time.perf_counter()
        found = inference.run(model, encoded).logits
        return found, time.perf_counter() - begun

    found: dict[str, dict[str, Any]] = {way: {"seconds": []} for way in WAYS}
    said: dict[str, Any] = {}
    for way in WAYS:
        with around.get(way, nullcontext)():
            said[way], found[way]["first"] = passed(way)
    for _ in range(pairs):
        for way in WAYS:
            with around.get(way, nullcontext)():
                found[way]["seconds"].append(passed(way)[1])
    trial = Trial(plain, model, labels, encoded, said["eager"], 1.0)
    for way, told in found.items():
        difference, same = trial.compared(said[way])
        start = max(0.0, told.pop("first") - min(told["seconds"])) + (made if way == "onnx" else 0.0)
        told |= {"start": start, "difference": difference, "exact": same}
    return found


def main(claim: str, arguments: list[str]) -> Path:
    """Measure all tasks and write the result."""
    options = given(arguments, pairs=3, rows=200, steps=30)
    cases: dict[str, Any] = {}
    for task in TASKS:
        with tempfile.TemporaryDirectory() as folder:
            from tunebook.engine.load import load_model

            run = trained(task, options.steps, Path(folder))
            loaded = load_model(run.model, run.plan)
            encoded = asked(task, options.rows, run, loaded)
            for size in AT_ONCE:
                cases[f"{task}, {size} at once"] = measured(loaded, encoded, size, options.pairs)
                print(task, size, cases[f"{task}, {size} at once"], flush=True)
    against = [
        {"case": f"{case}: {way}", "against": "eager", "ratio": _faster(told[way], told["eager"])}
        for case, told in cases.items()
        for way in WAYS[1:]
    ]
    return write_result(claim, {"compared": against, "rows": options.rows, "cases": cases})


def _faster(told: dict[str, Any], eager: dict[str, Any]) -> dict[str, float]:
    return ratio([own / each for each, own in zip(told["seconds"], eager["seconds"], strict=True)])
