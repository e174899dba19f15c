"""Rows of the table that sequence to sequence alone reads."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.core.params import Params, Row

LAST = -1  # the decoder begins with the last token of the target, as in mBART, where that is the language


class Seq2seqRows(Params):
    """What a model reads of a source, and how long a target may be."""

    key: ClassVar[str] = "seq2seq"

    prefix: Annotated[
        str | None,
        Row(
            "what stands in front of each source, such as summarize: for T5; a blank is put between, but not behind a "
            "Chinese sign",
            zh="加在每条源文本前面的文字，例如 T5 的 summarize:；两者之间加一个空格，中文字符之后不加",
            aliases=("source_prefix",),
        ),
    ] = None
    target_length: Annotated[
        int,
        Field(ge=2, le=32768),
        Row(
            "tokens of a target at most, its end among them: longer ones are learnt up to there, without an end, and "
            "nothing longer is written; sources are cut at max_length",
            zh="目标文本最多的词元数，含结束符：更长的只学到此处（不学结束符），生成时也不会更长；"
            "源文本按 max_length 截断",
            unit="tokens",
            aliases=("max_target_length", "val_max_target_length"),
        ),
    ] = 128
    source_language: Annotated[
        str | None,
        Row(
            "code of the sources' language, for tokenizers that have such (mBART en_XX, NLLB eng_Latn, M2M100 en)",
            zh="源文本的语言代码，用于区分语言的分词器（mBART 的 en_XX、NLLB 的 eng_Latn、M2M100 的 en）",
            aliases=("source_lang", "src_lang"),
        ),
    ] = None
    target_language: Annotated[
        str | None,
        Row("code of the targets' language", zh="目标文本的语言代码", aliases=("target_lang", "tgt_lang")),
    ] = None
    decoder_start: Annotated[
        int | None,
        Field(ge=LAST),
        Row(
            "number of the token that the decoder begins with; -1 takes the target's last one, as mBART does; none "
            "keeps the model's own",
            zh="解码器起始词元的编号；-1 取目标文本的最后一个词元（如 mBART）；none 表示沿用模型自身的设置",
            aliases=("decoder_start_token_id",),
        ),
    ] = None


__all__ = ["LAST", "Seq2seqRows"]
