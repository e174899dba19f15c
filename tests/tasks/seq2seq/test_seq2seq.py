"""The task `seq2seq`: tokens of sources and targets, the models' own rules, losses, writing, saving."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.tasks.seq2seq.made import FORMS, base, config, settings, tokenizer
from tunebook.core.answers import Rows
from tunebook.core.errors import ModelError, PlanError
from tunebook.core.nouns import Labels
from tunebook.core.written import Written, texts_of
from tunebook.models.source import load_tokenizer
from tunebook.nets.masking import IGNORED
from tunebook.tasks.seq2seq import Seq2seq, pieces, starting
from tunebook.tasks.seq2seq.baselines import lead, leads
from tunebook.tasks.seq2seq.rows import LAST, Seq2seqRows

LABELS = Labels(problem="written")
KINDS = tuple(FORMS)
TASK = Seq2seq()


def rows(sources: list[str], targets: list[str] | None, own: Seq2seqRows) -> Rows:
    names = [str(number) for number in range(len(sources))]
    true = None if targets is None else texts_of(targets)
    return Rows(sources, None, true, names, how=pieces.how_of(own))


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Any, Any]:
    """Kind, folder, tokenizer and model."""
    folder = base(tmp_path_factory.mktemp(request.param), request.param)
    return request.param, folder, load_tokenizer(folder), TASK.build(folder, LABELS, settings()).eval()


def own_of(folder: Path, **given: Any) -> Seq2seqRows:
    found = TASK.filled(Seq2seqRows(**given), folder, LABELS)
    assert isinstance(found, Seq2seqRows)
    return found


def test_what_the_decoder_is_shown_is_the_models_own_rule(made: tuple[str, Path, Any, Any]) -> None:
    kind, folder, reader, model = made
    own = own_of(folder)
    assert (own.decoder_start == LAST) == (kind == "mbart")
    encoded = TASK.encode(rows(["a b", "c", "d e f"], ["b", "a b c d", "f e"], own), reader, 32)
    batch = TASK.collate(encoded, [2, 0, 1], 0)
    theirs = model.prepare_decoder_input_ids_from_labels(batch["labels"])
    shown = batch["labels"] != IGNORED  # behind the end of a target nothing is learnt, whatever stands there
    assert torch.equal(theirs[shown], batch["decoder_input_ids"][shown])
    assert (batch["labels"] == 3).any(dim=1).all(), "the end is learnt"
    assert not (batch["labels"] == 0).any(), "padding is not"
    assert batch["attention_mask"].sum(1).tolist() == [len(reader(text)["input_ids"]) for text in ("d e f", "a b", "c")]


def test_the_loss_is_the_models_own(made: tuple[str, Path, Any, Any]) -> None:
    _, folder, reader, model = made
    encoded = TASK.encode(rows(["a b c", "d"], ["c b", "d d d d"], own_of(folder)), reader, 32)
    batch = TASK.collate(encoded, [0, 1], 0)
    criterion = TASK.criterion(LABELS, settings(), encoded)
    with torch.no_grad():
        loss, outputs = criterion.loss(model, batch)
        theirs = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"])
    assert float(loss) == pytest.approx(float(theirs.loss), rel=1e-5)
    read = TASK.read(outputs, batch).numpy()
    assert read.shape == (2, 7)
    said = Written.of(read)
    assert said.losses.sum() / said.tokens.sum() == pytest.approx(float(theirs.loss), rel=1e-5)
    assert np.isnan(said.made).all() and list(said.texts) == ["", ""]


def test_it_learns_to_write_and_to_stop_and_loads_with_transformers_alone(
    made: tuple[str, Path, Any, Any], tmp_path: Path
) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    _, folder, reader, _ = made
    own = own_of(folder, target_length=8)
    sources, targets = ["a", "b", "a b", "c c", "d"], ["c", "d e", "f", "a 我 们", "b b b"]
    seen = rows(sources, targets, own)
    encoded = TASK.encode(seen, reader, 32)
    torch.manual_seed(0)
    model = TASK.build(folder, LABELS, settings()).train()
    batch, criterion = TASK.collate(encoded, range(5), 0), TASK.criterion(LABELS, settings(), encoded)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(120):
        loss, _ = criterion.loss(model, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    chosen = settings(**own.model_dump())
    said = TASK.written(model.eval(), reader, seen, chosen)
    assert list(said.texts) == targets
    assert said.stopped.tolist() == [1.0] * 5
    model.save_pretrained(str(tmp_path))
    reader.save_pretrained(str(tmp_path))
    plain, words = AutoModelForSeq2SeqLM.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "decoder_input_ids")}
    with torch.no_grad():
        assert torch.equal(plain.eval()(**inputs).logits, model(**inputs).logits)
        assert torch.equal(TASK.load(tmp_path).eval()(**inputs).logits, model(**inputs).logits)
    alone = [plain.generate(**words(text, return_tensors="pt"), max_new_tokens=8)[0] for text in sources]
    assert [words.decode(line, skip_special_tokens=True) for line in alone] == targets


def test_sources_and_targets_are_cut_and_cut_targets_counted(tmp_path: Path) -> None:
    reader, own = tokenizer(), Seq2seqRows(prefix="sum:", target_length=3, decoder_start=0)
    encoded = TASK.encode(rows(["a b c d e f", ""], ["a b", "a b c d"], own), reader, 5)
    batch = TASK.collate(encoded, [0, 1], 0)
    shown, end = reader.convert_ids_to_tokens(batch["input_ids"][0].tolist()), 3
    assert shown == ["sum:", "a", "b", "c", "</s>"]
    assert reader.convert_ids_to_tokens(batch["input_ids"][1].tolist())[:2] == ["sum:", "</s>"]
    assert batch["labels"].tolist() == [[6, 7, end], [6, 7, 8]]  # what is cut has no end
    assert TASK.unsaid(encoded) == 1 and batch[pieces.CHARACTERS].tolist() == [3, 5]
    logits = torch.zeros(2, 3, 16)
    read = Written.of(TASK.read(SimpleNamespace(logits=logits), batch).numpy())
    assert read.tokens.tolist() == [3, 3] and read.characters.tolist() == [3, 5], "a b, and of a b c d what was read"
    np.testing.assert_allclose(read.losses, np.log(16) * read.tokens, rtol=1e-6)
    scores = TASK.scores(read.matrix(), texts_of(["a b", "a b c d"]), LABELS)
    assert scores["bits_per_character"] == pytest.approx((3 + 3) * 4 / (3 + 5))
    encoded.save(tmp_path / "tokens.npz")
    from tunebook.core.encoded import load_encoded

    assert TASK.unsaid(load_encoded(tmp_path / "tokens.npz")) == 1
    alone = TASK.encode(rows(["a b"], None, own), reader, 5)
    assert set(TASK.collate(alone, [0], 0)) == {"input_ids", "attention_mask"}
    assert TASK.unsaid(alone) == 0
    counted = TASK.counted(rows(["a"], None, own), reader)
    assert list(counted.texts) == ["sum: a"]


def test_a_cut_target_of_mbart_keeps_its_language() -> None:
    reader = tokenizer(form=FORMS["mbart"], additional_special_tokens=["zh_CN"])
    own = Seq2seqRows(target_length=3, decoder_start=LAST)
    assert pieces.targets(["a b c d", "a"], reader, own) == ([[6, 7, 5], [6, 3, 5]], [6, 0])
    assert pieces.shown([6, 3, 5], LAST) == [5, 6, 3]


def test_a_tokenizer_that_adds_no_end_gets_one_and_one_without_any_is_refused() -> None:
    assert pieces.targets(["a", ""], tokenizer(form="$A"), Seq2seqRows()) == ([[6, 3], [3]], [0, 0])
    bare = tokenizer(form="$A")
    bare.eos_token = None
    with pytest.raises(ModelError) as caught:
        pieces.encode(rows(["a"], ["b"], Seq2seqRows()), bare, 8)
    assert caught.value.code == "seq2seq.no_end" and caught.value.advice
    bare.sep_token = "</s>"
    assert pieces.end_of(bare) == 3
    assert pieces.sources(rows([""], None, Seq2seqRows()), bare, 8, Seq2seqRows()) == [[3]]


def test_a_language_is_told_to_the_tokenizer_and_to_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NLLB's and M2M100's targets begin with their language, which has to be written first."""

    def with_languages(folder: Path) -> Any:
        reader = tokenizer(form="zh_CN $A </s>")
        reader.lang_code_to_id = {"en_XX": 4, "zh_CN": 5}
        return reader

    base(tmp_path, "bart")
    monkeypatch.setattr(starting, "load_tokenizer", with_languages)
    model = TASK.build(tmp_path, LABELS, settings(source_language="en_XX", target_language="zh_CN"))
    assert model.generation_config.forced_bos_token_id == 5
    reader = starting.reading(with_languages(tmp_path), Seq2seqRows(target_language="zh_CN", source_language="en_XX"))
    assert (reader.src_lang, reader.tgt_lang) == ("en_XX", "zh_CN")
    said = TASK.written(model, reader, rows(["a"], None, Seq2seqRows()), settings(target_length=4))
    assert said.made[0] >= 1
    for known, allowed in ((with_languages(tmp_path), "en_XX | zh_CN"), (tokenizer(), "none")):
        with pytest.raises(PlanError) as caught:
            starting.reading(known, Seq2seqRows(target_language="fr"))
        assert (caught.value.code, caught.value.allowed) == ("seq2seq.language", allowed)


def test_codes_of_languages_are_found_however_a_tokenizer_names_them() -> None:
    reader = tokenizer()
    assert pieces.language_tokens(reader) == {}
    reader.lang_code_to_token = {"en": "en_XX"}
    assert pieces.language_tokens(reader) == {4: "en"}
    reader.lang_code_to_token, reader.tgt_lang, reader.language_codes = None, "zh_CN", ["zh_CN"]
    assert pieces.language_tokens(reader) == {5: "zh_CN"}


def test_the_first_token_has_to_be_known_and_right(tmp_path: Path) -> None:
    config("t5", decoder_start_token_id=None).save_pretrained(str(tmp_path))
    with pytest.raises(PlanError) as caught:
        own_of(tmp_path)
    assert caught.value.code == "seq2seq.start"
    assert own_of(tmp_path, decoder_start=2).decoder_start == 2
    base(tmp_path / "mbart", "mbart")
    with pytest.raises(ModelError) as shifted:
        TASK.build(tmp_path / "mbart", LABELS, settings(decoder_start=2))
    assert shifted.value.code == "seq2seq.shift"


def test_a_target_longer_than_the_decoder_is_refused(tmp_path: Path) -> None:
    base(tmp_path, "bart")
    with pytest.raises(PlanError, match="128") as caught:
        own_of(tmp_path, target_length=129)
    assert caught.value.code == "seq2seq.length"


def test_a_model_that_only_reads_and_one_with_lost_weights_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from tests import small

    small.base_model(tmp_path / "bert")
    with pytest.raises(ModelError) as caught:
        TASK.build(tmp_path / "bert", LABELS, settings())
    assert caught.value.code == "model.head"
    base(tmp_path / "t5", "t5")
    file = tmp_path / "t5" / "model.safetensors"
    kept = {name: item for name, item in load_file(file).items() if "decoder.block.1" not in name}
    save_file(kept, file, {"format": "pt"})
    with pytest.raises(ModelError) as lost:
        TASK.build(tmp_path / "t5", LABELS, settings())
    assert lost.value.code == "model.partial"


@pytest.mark.parametrize(
    ("text", "most", "found"),
    [
        ("First one. Second one.", 99, "First one."),
        ("Version 3.5 is out. More.", 99, "Version 3.5 is out."),
        ("A rather long first sentence", 12, "A rather"),
        ("A rather long", 8, "A rather"),
        ("unbreakable", 4, "unbr"),
        ("本文提出一种方法。实验表明有效。", 99, "本文提出一种方法。"),
        ("提出一种方法(P<0.05).结果有效.", 99, "提出一种方法(P<0.05)."),
        ("本文提出一种方法。", 4, "本文提出"),
        ("  ", 5, ""),
    ],
)
def test_the_lead_is_the_first_sentence_as_long_as_targets_are(text: str, most: int, found: str) -> None:
    assert lead(text, most) == found


def test_the_leads_are_answers_whose_likelihood_is_not_known() -> None:
    said = Written.of(leads(["one two. three"], 50))
    assert list(said.texts) == ["one two."] and said.stopped[0] == 1
    assert np.isnan(said.losses).all()


def test_baselines_take_the_length_of_the_training_targets(tmp_path: Path) -> None:
    from tunebook.core.hooks import BaselineInput

    train = rows(["x"] * 2, ["four", "six666"], Seq2seqRows())
    asked = replace(train, texts=["abc def ghi", "我们我们我们我们"])
    given: Any = BaselineInput(None, None, "test", {"train": train, "test": asked}, lambda texts: None)  # type: ignore[arg-type, return-value]
    found = TASK.baselines(given)
    assert set(found) == {"lead", "base"}
    assert list(Written.of(found["lead"]()).texts) == ["abc", "我们我们我"]


def test_a_blank_stands_behind_a_prefix_but_not_behind_a_chinese_sign() -> None:
    for prefix, found in (("sum:", "sum: x"), ("摘要：", "摘要：x"), (None, "x"), ("", "x")):
        assert pieces.prefixed("x", Seq2seqRows(prefix=prefix)) == found


def test_the_first_table_has_a_rate_for_the_model_and_room_for_the_targets() -> None:
    from tunebook.tasks.seq2seq.proposal import proposed

    tokens = {"lengths": {"20": 3, "40": 1}, "rows": 4, "max": 40, "p99": 40}
    words = {"asked": {"mean": 12.5}, "answered": {"mean": 8.0, "p99": 10}}
    found = proposed({"hidden": 128, "tokens": tokens, "writing": words})
    assert found["learning_rate"] == 5e-4
    assert found["seq2seq.target_length"] == 32  # 10 words of two tokens, a quarter more, the end
    short = {**tokens, "positions": 24}
    assert proposed({"hidden": 768, "tokens": short, "writing": words})["seq2seq.target_length"] == 24
    assert proposed({"hidden": 2048}) == TASK.proposes({"hidden": 2048})


def test_the_card_says_how_to_write_a_text() -> None:
    lines = TASK.snippet(LABELS, settings(prefix="sum:"), pairs=False)
    compile("\n".join(lines), "card", "exec")
    assert "'sum: '" in lines[0]
    assert json.loads(pieces.how_of(Seq2seqRows())[0])["prefix"] is None


def test_no_rows_of_another_task_are_proposed() -> None:
    tokens = {"max": 30, "p99": 28, "lengths": {"20": 3}, "rows": 3}
    writing = {"asked": {"mean": 9.0}, "answered": {"mean": 3.0, "p99": 5.0}}
    found = Seq2seq().proposes({"tokens": tokens, "writing": writing, "hidden": 64})
    assert found["max_length"] == 32 and not any(row.startswith("instruction.") for row in found)
