"""Packing loses no token, words are whole, and what is masked has the shares that the paper names."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from tests import small
from tunebook.core.encoded import Encoded
from tunebook.core.errors import DataError, MachineError, ModelError
from tunebook.nets import masking
from tunebook.nets.masking import IGNORED, WORD, chinese_words, mask, pack_documents, word_numbers

TEXTS = [text for text, _ in small.texts(300)]


def pieces(vocabulary: list[str], cased: bool = False) -> Any:
    """A WordPiece tokenizer like BERT's."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    numbers = {token: number for number, token in enumerate(specials + vocabulary)}
    backend = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=not cased)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]",
    )  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return small.tokenizer()


@pytest.fixture(scope="module")
def packed(tokenizer: Any) -> Encoded:
    return pack_documents(TEXTS, tokenizer, 20, words=True)


def test_packing_loses_no_token_and_fills_every_row_but_the_last(tokenizer: Any, packed: Encoded) -> None:
    bare = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    expected = [token for document in bare for token in (*document, 3)]
    rows = [packed.flat["input_ids"][a:b].tolist() for a, b in zip(packed.offsets, packed.offsets[1:], strict=False)]
    assert [token for row in rows for token in row[1:-1]] == expected
    assert all(row[0] == 2 and row[-1] == 3 for row in rows)
    assert set(packed.lengths[:-1]) == {20} and 2 < packed.lengths[-1] <= 20


def test_without_words_there_is_no_such_column(tokenizer: Any) -> None:
    assert set(pack_documents(TEXTS[:3], tokenizer, 20, words=False).flat) == {"input_ids"}


def test_the_pieces_of_an_english_word_are_one_word() -> None:
    tokenizer = pieces(["play", "##ing", "##ed", "the", "game"])
    packed = pack_documents(["playing the played game", "game"], tokenizer, 50, words=True)
    assert tokenizer.convert_ids_to_tokens(packed.flat["input_ids"].tolist()) == [
        "[CLS]", "play", "##ing", "the", "play", "##ed", "game", "[SEP]", "game", "[SEP]", "[SEP]"
    ]  # fmt: skip
    assert packed.flat[WORD].tolist() == [-1, 0, 0, 1, 2, 2, 3, -1, 0, -1, -1]


def test_the_characters_of_a_chinese_word_are_one_word() -> None:
    text = "我们喜欢自然语言处理 playing"
    tokenizer = pieces([*dict.fromkeys(text.replace(" ", "")), "play", "##ing"])
    packed = pack_documents([text], tokenizer, 50, words=True)
    tokens = tokenizer.convert_ids_to_tokens(packed.flat["input_ids"].tolist())
    words = packed.flat[WORD].tolist()
    joined: dict[int, str] = {}
    for token, word in zip(tokens, words, strict=True):
        if word >= 0:
            joined[word] = joined.get(word, "") + token.removeprefix("##")
    assert list(joined.values()) == ["我们", "喜欢", "自然语言", "处理", "playing"]


def test_words_of_a_tokenizer_whose_pieces_span_chinese_words() -> None:
    """SentencePiece takes a clause without spaces for one word: the words of jieba part it."""
    assert chinese_words("我们喜欢") == {0: 0, 1: 0, 2: 2, 3: 2}
    assert word_numbers("我们喜欢 it", [(0, 2), (2, 3), (3, 4), (4, 7)], [0, 0, 0, 1]) == [0, 1, 1, 2]


def test_without_jieba_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    masking.segmenter.cache_clear()
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(MachineError) as caught:
        chinese_words("我们")
    assert caught.value.code == "machine.extra"
    masking.segmenter.cache_clear()


def test_a_tokenizer_without_places_is_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(ModelError) as caught:
        pack_documents(["a"], Slow(), 8, words=True)
    assert caught.value.code == "stages.tokenizer"
    assert caught.value.advice


@pytest.mark.parametrize("whole", [True, False])
def test_the_shares_are_those_of_the_paper(whole: bool) -> None:
    """Counted over 40 draws of 300 texts of words of two pieces."""
    tokenizer = pieces(["play", "##ing", "the", "game", *(f"x{n}" for n in range(200))])
    packed = pack_documents(["playing the playing game the"] * 300, tokenizer, 32, words=True)
    able = packed.flat[WORD] >= 0
    counts = np.zeros(4)
    for seed in range(40):
        drawn = mask(packed, tokenizer, share=0.15, whole=whole, seed=(seed,))
        wanted = drawn.flat["labels"] != IGNORED
        assert not (wanted & ~able).any(), "special tokens are never taken out"
        assert np.array_equal(drawn.flat["labels"][wanted], packed.flat["input_ids"][wanted])
        shown, before = drawn.flat["input_ids"], packed.flat["input_ids"]
        assert np.array_equal(shown[~wanted], before[~wanted])
        masked, same = shown[wanted] == tokenizer.mask_token_id, shown[wanted] == before[wanted]
        counts += [wanted.sum(), masked.sum(), same.sum(), (~masked & ~same).sum()]
        assert not set(shown[wanted][~masked & ~same]) & set(tokenizer.all_special_ids)
        if whole:
            words = np.cumsum(np.concatenate([[True], np.diff(packed.flat[WORD]) != 0]))
            for word in np.unique(words[wanted]):
                assert (
                    wanted[words == word].all()
                    or len(np.unique(packed.offsets.searchsorted(np.flatnonzero(words == word), "right"))) > 1
                )
    share = counts[0] / (40 * able.sum())
    assert share == pytest.approx(0.15, abs=0.01)
    assert counts[1:] / counts[0] == pytest.approx([0.8, 0.1, 0.1], abs=0.012)


def test_a_draw_hangs_on_its_seed_alone(tokenizer: Any, packed: Encoded) -> None:
    first, again, other = (
        mask(packed, tokenizer, share=0.15, whole=True, seed=seed).flat["labels"] for seed in ((1, 2), (1, 2), (1, 3))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_row_has_a_target(tokenizer: Any, packed: Encoded) -> None:
    drawn = mask(packed, tokenizer, share=0.001, whole=True, seed=(0,))
    wanted = np.add.reduceat(drawn.flat["labels"] != IGNORED, drawn.offsets[:-1])
    assert wanted.min() == 1


def test_unknown_tokens_are_never_targets_and_a_text_of_them_is_refused(tokenizer: Any) -> None:
    packed = pack_documents(["the zebra was great"], tokenizer, 20, words=True)
    assert packed.flat[WORD].tolist() == [-1, 0, -1, 2, 3, -1, -1]
    with pytest.raises(DataError) as caught:
        mask(pack_documents(["zebra gnu"], tokenizer, 20, words=True), tokenizer, share=0.5, whole=True, seed=(0,))
    assert caught.value.code == "stages.no_targets"


def test_a_text_without_tokens() -> None:
    tokenizer = pieces(["a"])
    assert pack_documents(["\u200b"], tokenizer, 8, words=True).flat["input_ids"].tolist()[0] == 2
