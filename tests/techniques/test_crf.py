"""The CRF in a training: its loss by hand over windows, what is learnt, kept, merged, averaged and continued."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from tests import small
from tests.ground import Ground, weights
from tests.tasks.tagging import made
from tests.tasks.tagging.ground import make_tagged
from tunebook.bundle.spans import SAID, Spans
from tunebook.core.answers import Rows
from tunebook.core.errors import PlanError
from tunebook.core.facts import Facts
from tunebook.core.nouns import Labels
from tunebook.core.registry import task_of
from tunebook.core.technique import RunContext
from tunebook.data.load import load
from tunebook.engine.infer import Inference
from tunebook.engine.load import load_model
from tunebook.nets.averages import Mix
from tunebook.nets.linear_chain import LinearChain, chain_of
from tunebook.tasks.tagging.loss import Tag
from tunebook.techniques.crf import CRF
from tunebook.techniques.head_rate import HeadRate
from tunebook.techniques.lora import LoRA
from tunebook.verbs.steps.order import order

TAGGING = task_of("tagging")()


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_tagged(tmp_path_factory.mktemp("tagged"))


def allowed(path: tuple[int, ...]) -> bool:
    return all(
        tag == 0 or tag % 2 == 1 or (place and path[place - 1] in (tag, tag - 1)) for place, tag in enumerate(path)
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_is_that_of_every_sequence_by_hand(weighted: bool) -> None:
    """Words of several tokens in rows of several windows, each sequence of tags of their first tokens by itself."""
    texts = ["lovely very dirty", "slow poor", "perfect", "the very awful room was sad"]
    spans = [[(0, 6, 0), (7, 17, 1)], [(5, 9, 1)], [], [(4, 14, 1), (24, 27, 1)]]
    words = [[(0, 6), (7, 17)], [(0, 4), (5, 9)], [(0, 7)], [(0, 3), (4, 14), (15, 19), (20, 23), (24, 27)]]
    rows = Rows(texts, None, made.targets(spans), list("abcd"), words=[np.array(row) for row in words])
    encoded = TAGGING.encode(rows, small.tokenizer(), 6)
    sample = np.array([1.0, 0.5, 2.0, 1.5], dtype=np.float32)
    encoded = encoded.with_fixed(sample_weight=sample) if weighted else encoded
    batch = TAGGING.collate(encoded, [2, 0, 3, 1], 0)
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(*batch["input_ids"].shape, 5, generator=draw)
    chain = LinearChain(5)
    with torch.no_grad():
        for item in chain.parameters():
            item.copy_(torch.randn(item.shape, generator=draw))
    model = torch.nn.Module()
    model.crf = chain
    run = RunContext(model=model, criterion=Tag.of(made.LABELS, made.settings(), encoded))
    outputs = SimpleNamespace(logits=logits)
    found, given = CRF().around_loss(lambda *_: (torch.zeros(()), outputs), run)(None, batch)  # type: ignore[arg-type,return-value]
    assert given is outputs and run.counters["crf"]["sequences"] == 4
    losses, below = 0.0, 0.0
    start, follow, end = (item.detach() for item in (chain.start, chain.transitions, chain.end))
    for place, row in enumerate([2, 0, 3, 1]):
        weight = float(sample[row]) if weighted else 1.0
        lines = batch["tagging.row"] == place
        part, tags, own = batch["tagging.part"][lines], batch["tagging.class"][lines], logits[lines]
        firsts, gold = own[part == 1], tuple(tags[part == 1].tolist())
        scores = {
            path: float(
                start[path[0]]
                + end[path[-1]]
                + sum(firsts[at, tag] for at, tag in enumerate(path))
                + sum(follow[one, two] for one, two in pairwise(path))
            )
            for path in product(range(5), repeat=len(gold))
            if allowed(path)
        }
        assert len(gold) == len(words[row]) and gold in scores
        losses += weight * (float(torch.tensor(list(scores.values())).logsumexp(0)) - scores[gold])
        losses += weight * float(F.cross_entropy(own[part == 2], tags[part == 2], reduction="sum"))
        below += weight * int((part > 0).sum())
    assert len(batch["input_ids"]) > 4 and bool((batch["tagging.part"] == 2).any())
    assert float(found.detach()) == pytest.approx(losses / below, rel=1e-5)


def facts(*keys: str, types: int = 2, **changes: Any) -> Facts:
    labels = Labels(problem="spans", names=[str(number) for number in range(types)])
    return Facts("tagging", labels, small.filled(**changes), {}, frozenset({"crf", *keys}), 98)


def test_what_is_about_single_tokens_is_refused_with_the_reason() -> None:
    CRF().refuse(facts("ema", "fgm", "lora", types=200))
    refused = {
        "losses.sequence_setting": [facts(class_weights="sqrt"), facts(label_smoothing=0.1)],
        "losses.sequence_items": [facts("r_drop"), facts("vat"), facts("lwf"), facts("ewc"), facts("mas")],
        "losses.sequence_types": [facts(types=201)],
    }
    for code, cases in refused.items():
        for case in cases:
            with pytest.raises(PlanError) as caught:
                CRF().refuse(case)
            assert caught.value.code == code and caught.value.advice


@pytest.mark.parametrize(
    ("other", "code"), [("focal", "plan.conflict"), ("mixup", "plan.needs"), ("distill", "plan.needs")]
)
def test_it_does_not_stand_beside_other_losses(other: str, code: str) -> None:
    with pytest.raises(PlanError) as caught:
        order({"crf": {}, other: {}}, TAGGING)
    assert caught.value.code == code
    with pytest.raises(PlanError) as caught:
        order({"crf": {}}, task_of("text_classification")())
    assert caught.value.code == "plan.needs" and "each with a tag" in caught.value.message


def test_the_transitions_have_their_own_rate_whoever_else_multiplies_rates(ground: Ground, tmp_path: Path) -> None:
    rows = {"crf": {"learning_rate": 0.02}, "lora": {"learning_rate": 5e-3}, "head_rate": {"factor": 3.0}}
    training = ground.fit(tmp_path, ground.plan(rows, learning_rate=1e-3))
    trainer = training.prepare()
    names = {id(item): name for name, item in trainer.model.named_parameters()}
    optimizer = trainer.create_optimizer()
    rates = {names[id(item)]: group["lr"] for group in optimizer.param_groups for item in group["params"]}
    chain = {name: rate for name, rate in rates.items() if "crf" in name}
    assert len(chain) == 3 and set(chain.values()) == {0.02}
    others = sorted({rate for name, rate in rates.items() if name not in chain})
    assert others == pytest.approx([5e-3, 15e-3])
    assert isinstance(training.woven[0], CRF) and {type(item) for item in training.woven} == {CRF, LoRA, HeadRate}


def test_several_processes_are_refused(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.engine import several

    monkeypatch.setattr(several, "processes", lambda: 2)
    with pytest.raises(PlanError) as caught:
        ground.fit(tmp_path, ground.plan({"crf": {}})).prepare()
    assert (caught.value.code, caught.value.key) == ("ranks.technique", "crf")


def answers(model: Any, ground: Ground) -> Any:
    training = ground.fit(ground.folder / "asked", ground.plan())
    return Inference(TAGGING, 0).run(model, training.validation).logits


@pytest.mark.parametrize(
    "rows", [{}, {"lora": {}}, {"bitfit": {}}, {"ema": {}}], ids=lambda rows: "+".join(rows) or "whole"
)
def test_it_is_kept_with_the_model_whichever_way_that_is(rows: dict[str, Any], ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"crf": {"learning_rate": 0.3}, **rows}, max_steps=8, eval_every=4, warmup_steps=0)
    training = ground.fit(tmp_path, made)
    training.run()
    held = training.context.model
    loaded = load_model(tmp_path / "model", made).model
    chain, kept = chain_of(held), chain_of(loaded)
    assert chain is not None and kept is not None and chain is not kept
    if "ema" not in rows:
        assert all(torch.equal(item, kept.state_dict()[name]) for name, item in chain.state_dict().items())
    assert all(bool(item.abs().max() > 0.01) for item in kept.parameters()), "it was trained"
    own, best = answers(loaded, ground), training.validation
    said = TAGGING.scores(own, best.targets, made.labels)["span_f1"]
    assert said == pytest.approx(max(entry["eval_span_f1"] for entry in history(tmp_path)))
    with torch.no_grad():
        kept.transitions.copy_(torch.randn(5, 5, generator=torch.Generator().manual_seed(3)) * 20)
    other = answers(loaded, ground)
    assert other.shape != own.shape or not np.array_equal(other, own), "answers go by it"
    score = Spans.of(other, SAID).score
    assert len(score) and (score > 0).all() and (score <= 1).all()


def history(folder: Path) -> list[dict[str, Any]]:
    from tunebook.engine.track import read_history

    return [entry for entry in read_history(folder / "metrics.jsonl") if "eval_span_f1" in entry]


def test_a_merged_model_answers_as_the_run_does(ground: Ground, tmp_path: Path) -> None:
    from tunebook.engine.merging import added_up, unmergeable

    made = ground.plan({"crf": {}, "lora": {}}, max_steps=4, eval_every=4, warmup_steps=0)
    assert unmergeable(made) == ""
    ground.fit(tmp_path, made).run()
    loaded = load_model(tmp_path / "model", made).model
    before = answers(loaded, ground)
    added_up(loaded).save_pretrained(str(tmp_path / "merged"))
    plain = TAGGING.load(tmp_path / "merged").eval()
    assert chain_of(plain) is not None and not hasattr(plain, "peft_config")
    np.testing.assert_allclose(answers(plain, ground), before, rtol=1e-4, atol=1e-4)


def test_plain_transformers_reads_the_folder_without_it(ground: Ground, tmp_path: Path) -> None:
    from transformers import AutoModelForTokenClassification

    made = ground.plan({"crf": {}}, max_steps=2, eval_every=2)
    ground.fit(tmp_path, made).run()
    plain = AutoModelForTokenClassification.from_pretrained(tmp_path / "model").eval()
    own = weights(tmp_path, made)
    assert own.keys() - plain.state_dict().keys() == {"crf.transitions", "crf.start", "crf.end"}
    assert all(torch.equal(item, own[name]) for name, item in plain.state_dict().items())


def test_a_mean_of_models_holds_it(ground: Ground, tmp_path: Path) -> None:
    plans = [ground.plan({"crf": {}}, max_steps=2, eval_every=2).model_copy(update={"seed": seed}) for seed in (1, 2)]
    models = []
    for number, one in enumerate([*plans, ground.plan(max_steps=2, eval_every=2)]):
        ground.fit(tmp_path / str(number), one).run()
        models.append(load_model(tmp_path / str(number) / "model", one).model)
    found = Mix.of(models[0]).plus(models[1]).weights()["crf.transitions"]
    torch.testing.assert_close(found, (models[0].crf.transitions + models[1].crf.transitions).detach() / 2)
    assert Mix.of(models[0]).other(models[2]) == "crf.transitions"


def test_a_run_that_is_continued_hands_on_what_it_has_learnt(ground: Ground, tmp_path: Path) -> None:
    from tunebook.core.nouns import write_json
    from tunebook.engine.continual import CONTINUE, find_start
    from tunebook.models.source import model_id

    run = ground.folder / "runs" / "chained"
    made = ground.plan({"crf": {"learning_rate": 0.3}}, max_steps=4, eval_every=4, warmup_steps=0)
    ground.fit(run, made).run()
    write_json(made, run / "plan.json")
    (run / "outcome.json").write_text("{}")
    start = find_start("chained", ground.data)
    told = {
        "continues": start.path,
        "inputs": {CONTINUE: start.id},
        "model": start.model,
        "model_id": model_id(Path(start.model)),
    }
    first = chain_of(ground.fit(tmp_path / "on", made.model_copy(update=told)).prepare().model)
    learnt = weights(run, made)
    assert first is not None and torch.equal(first.transitions, learnt["crf.transitions"])
    assert bool(learnt["crf.transitions"].abs().max() > 0.1)
    without = ground.plan(continues=False).model_copy(update=told)
    assert chain_of(ground.fit(tmp_path / "off", without).prepare().model) is None
    fresh = ground.plan({"crf": {}}, continues=True)  # from a run that had none
    begun = chain_of(ground.fit(tmp_path / "fresh", fresh).prepare().model)
    assert begun is not None and not begun.transitions.any()


def test_the_model_card_says_what_a_pipeline_does_not_know(ground: Ground, tmp_path: Path) -> None:
    from tests.report import sample_run
    from tunebook.core.nouns import Report
    from tunebook.report.card import write_model_card

    rows = load(ground.data, "test")
    report = Report(run="r", split="test", rows=len(rows), content="c", headline="span_f1", metrics={}, intervals={})
    plan = sample_run.plan_of(made.LABELS).model_copy(update={"task": "tagging"})
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = write_model_card(tmp_path / "a", plan, report, sample_run.ref_of(made.LABELS)).read_text("utf-8")
    crf = plan.model_copy(update={"techniques": {"crf": {"learning_rate": 0.01}}})
    said = write_model_card(tmp_path / "b", crf, report, sample_run.ref_of(made.LABELS)).read_text("utf-8")
    assert "transitions (crf" not in plain and "Its transitions (crf" in said
