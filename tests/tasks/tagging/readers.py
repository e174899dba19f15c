"""Tiny tokenizers of every kind that Tunebook promises to align, trained on the spot."""

from __future__ import annotations

from functools import cache
from typing import Any

TEXTS = [
    "Anna Müller met Bob-Lee in New York, O'Hare.",
    "浙商银行企业信贷部叶老桂博士去了北京。",
    "ＡＢＣ公司　在Ⅷ区，㍿ｔｅｓｔ…",
    "cafe\u0301 A\u030a and n\u0303o 👨‍👩‍👧 👍🏽 met Zoe\u0308\r\nin Paris\tnow  x",
    " leading blank and trailing ",
    "的的的",
]
KINDS = ("wordpiece", "unigram", "bytes", "bytes_blank", "spm_bpe")


@cache
def tokenizer(kind: str, length: int = 512) -> Any:
    """A fast tokenizer: WordPiece as BERT has, Unigram as XLM-R and DeBERTa-v2, bytes as RoBERTa and ModernBERT."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    corpus = TEXTS * 5
    if kind == "wordpiece":
        made = Tokenizer(models.WordPiece(unk_token="<unk>"))
        made.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer: Any = trainers.WordPieceTrainer(vocab_size=120, special_tokens=special, show_progress=False)
    elif kind in ("unigram", "spm_bpe"):
        made = Tokenizer(models.Unigram() if kind == "unigram" else models.BPE(unk_token="<unk>", byte_fallback=True))
        squeezed = normalizers.Replace(Regex(" {2,}"), " ")
        made.normalizer = normalizers.Sequence([normalizers.NFKC(), squeezed])
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.decoder = decoders.Metaspace()
        if kind == "unigram":
            trainer = trainers.UnigramTrainer(
                vocab_size=110, special_tokens=special, unk_token="<unk>", show_progress=False
            )
        else:
            trainer = trainers.BpeTrainer(vocab_size=110, special_tokens=special, show_progress=False)
    else:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=kind == "bytes")
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=330, initial_alphabet=alphabet, special_tokens=special, show_progress=False
        )
    made.train_from_iterator(corpus, trainer)
    numbers = [(token, made.token_to_id(token)) for token in ("<s>", "</s>")]
    around = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=numbers)
    blanks = processors.ByteLevel(trim_offsets=kind == "bytes")
    made.post_processor = processors.Sequence([blanks, around]) if kind.startswith("bytes") else around
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>",
        mask_token="<mask>", model_max_length=length,
    )  # fmt: skip
