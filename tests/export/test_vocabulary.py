"""Vocabularies cut to some texts: the same tokens there, and all else can still be read."""

import json

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tunebook.core.errors import PlanError
from tunebook.export.vocabulary import cut, cut_embeddings, losses

CORPUS = [
    f"the {one} {other} was lower than {one}er" for one in ("low", "new", "wide", "old") for other in ("town", "river")
]
CORPUS += ["newest widest lowest towns", "rivers are wider", "山高水长 河流", "新的城市"]
KEPT, UNSEEN = CORPUS[:3], ["oldest town", "wide rivers", "新的 河流", "zebra"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def made(kind):
    """tokenizer.json of a small tokenizer of a kind, trained on the corpus."""
    if kind == "WordPiece":
        one = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        trainer = trainers.WordPieceTrainer(vocab_size=150, special_tokens=SPECIAL, show_progress=False)
        one.normalizer, one.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    elif kind == "Unigram":
        one = Tokenizer(models.Unigram())
        trainer = trainers.UnigramTrainer(
            vocab_size=150, special_tokens=SPECIAL, unk_token="[UNK]", show_progress=False
        )
        one.pre_tokenizer, one.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    else:
        one = Tokenizer(models.BPE())
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
        )
        one.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    one.train_from_iterator(CORPUS, trainer)
    if kind == "BPE":
        one.decoder = decoders.ByteLevel()
    first, last = (one.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    one.post_processor = {
        "WordPiece": processors.BertProcessing(("[SEP]", last), ("[CLS]", first)),
        "Unigram": processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", first), ("[SEP]", last)]
        ),
        "BPE": processors.Sequence(
            [processors.ByteLevel(), processors.RobertaProcessing(("[SEP]", last), ("[CLS]", first))]
        ),
    }[kind]
    one.enable_padding(pad_id=one.token_to_id("[PAD]"), pad_token="[PAD]")
    return json.loads(one.to_str())


def reader(tokenizer):
    found = Tokenizer.from_str(json.dumps(tokenizer))
    found.no_padding()
    return found


@pytest.mark.parametrize("kind", ["WordPiece", "Unigram", "BPE"])
def test_texts_that_it_was_cut_for_have_the_same_tokens_and_others_can_be_read(kind):
    whole = made(kind)
    found = cut(whole, KEPT)
    before, after = reader(whole), reader(found.tokenizer)
    assert len(found.kept) == after.get_vocab_size() < found.before == before.get_vocab_size()
    for text in KEPT:
        one, other = before.encode(text), after.encode(text)
        assert one.tokens == other.tokens
        np.testing.assert_array_equal(found.kept[other.ids], one.ids)
    unknown = "[UNK]" if kind != "BPE" else "none"
    for text in UNSEEN[:3]:
        other = after.encode(text)
        assert unknown not in other.tokens[1:-1] and other.tokens[0] == "[CLS]" and other.tokens[-1] == "[SEP]"
        assert after.decode(other.ids).replace(" ", "").replace("##", "") == text.replace(" ", "")
    assert found.number(found.kept[3]) == 3 and found.number(None) is None
    gone = set(range(found.before)) - set(found.kept.tolist())
    assert found.number(min(gone)) is None and found.number(10**6) is None


def test_what_other_texts_lose_is_told():
    whole = made("WordPiece")
    found = cut(whole, KEPT)
    told = losses(whole, found, UNSEEN)
    before, after = reader(whole), reader(found.tokenizer)
    sides = [[side.encode(text).tokens for text in UNSEEN] for side in (before, after)]
    assert told.texts == 4 and told.changed == sum(one != other for one, other in zip(*sides, strict=True)) > 0
    assert told.before == np.mean([len(item) for item in sides[0]]) < told.after
    assert told.unknown_before == sides[0][3].count("[UNK]") == told.unknown_after
    same = losses(whole, found, KEPT)
    assert same.changed == 0 and same.before == same.after
    assert losses(whole, found, []).texts == 0


def test_a_unigram_keeps_what_an_unknown_character_costs():
    """Where a piece begins with a character that is no piece itself, an unknown one is weighed against it."""
    whole = made("Unigram")
    whole["model"]["vocab"] += [["龙马", -9.0], ["rare", -50.0]]
    found = cut(whole, ["龙马 town"])
    assert "rare" in [name for name, _ in found.tokenizer["model"]["vocab"]]
    assert reader(found.tokenizer).encode("龙马 town").tokens == reader(whole).encode("龙马 town").tokens


def test_other_kinds_are_refused():
    with pytest.raises(PlanError, match="Other") as error:
        cut({"model": {"type": "Other", "vocab": {}}, "added_tokens": []}, [])
    assert error.value.code == "shrink.vocabulary_kind"


def test_a_model_answers_the_same_bits_with_the_smaller_matrix():
    from tests.tiny import config
    from transformers import AutoModelForSequenceClassification

    whole = made("WordPiece")
    found, made_of = cut(whole, KEPT), config("bert")
    made_of.vocab_size = len(reader(whole).get_vocab()) + 7  # rows that no token has
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(made_of).eval()
    smaller = cut_embeddings(model, found)
    assert smaller.config.vocab_size == len(found.kept) == smaller.get_input_embeddings().num_embeddings
    assert model.get_input_embeddings().num_embeddings == made_of.vocab_size
    for text in KEPT:
        sides = (reader(whole).encode(text).ids, reader(found.tokenizer).encode(text).ids)
        with torch.inference_mode():
            one, other = (net(torch.tensor([ids])).logits for net, ids in zip((model, smaller), sides, strict=True))
        assert torch.equal(one, other)


def test_models_that_give_tokens_and_pads_that_would_move_are_refused():
    from tests.tiny import config
    from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification

    found = cut(made("WordPiece"), KEPT)
    with pytest.raises(PlanError) as error:
        cut_embeddings(AutoModelForMaskedLM.from_config(config("bert")), found)
    assert error.value.code == "shrink.vocabulary_tied"
    model = AutoModelForSequenceClassification.from_config(config("roberta"))
    model.config.pad_token_id = int(found.kept[-1])
    with pytest.raises(PlanError) as error:
        cut_embeddings(model, found)
    assert error.value.code == "shrink.vocabulary_pad"
