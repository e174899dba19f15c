"""Instruction tuning as a task: what is learnt of a conversation, what is left out, and what models write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import chats, instructions, small
from tunebook.core.answers import Rows
from tunebook.core.chat import Chat, Turn, question
from tunebook.core.errors import ModelError
from tunebook.core.hooks import BaselineInput
from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled
from tunebook.core.task import Reads
from tunebook.core.writes import Writes, texts_asked
from tunebook.core.written import FIGURES, Written, texts_of
from tunebook.engine.infer import Inference
from tunebook.models.chat_template import with_template
from tunebook.models.source import load_tokenizer, model_id
from tunebook.nets.generate import Made
from tunebook.nets.masking import IGNORED
from tunebook.tasks.instruction import Instruction, answering, conversations
from tunebook.tasks.instruction.baselines import baselines
from tunebook.tasks.instruction.proposal import proposed
from tunebook.tasks.instruction.rows import InstructionRows

TASK, LABELS = Instruction(), Labels(problem="written")
TWO = Chat.of(("system", "be kind"), ("user", "yes?"), ("assistant", "no"), ("user", "what?"), ("assistant", "a day"))


def made(*pairs: Chat, targets: bool = True, **how: Any) -> Rows:
    rows = Rows([str(n) for n in range(len(pairs))], None, None, [str(n) for n in range(len(pairs))], chats=pairs)
    rows = replace(rows, targets=texts_of([str(chat.answer) for chat in pairs])) if targets else rows
    return TASK.seen(rows, settings(**how))


def settings(**own: Any) -> Filled:
    return small.filled(**{f"instruction.{name}": value for name, value in own.items()})


@pytest.fixture
def tokenizer() -> Any:
    return with_template(chats.byte_level(("<|endoftext|>", "<pad>"), pad_token="<pad>"), "plain")


def learnt(rows: Rows, tokenizer: Any, length: int = 999) -> list[str]:
    """The text of what is learnt of each row."""
    encoded = TASK.encode(rows, tokenizer, length)
    batch = TASK.collate(encoded, range(len(encoded)), 0)
    return [tokenizer.decode([token for token in line.tolist() if token != IGNORED]) for line in batch["labels"]]


def test_all_answers_are_learnt_or_the_last_one(tokenizer: Any) -> None:
    end = "<|endoftext|>"
    assert learnt(made(TWO, learn="all"), tokenizer) == [f"no{end}a day{end}"]
    assert learnt(made(TWO, learn="last"), tokenizer) == [f"a day{end}"]
    said = Chat(
        (*TWO.turns[:2], replace(TWO.turns[2], learn=True), *TWO.turns[3:4], replace(TWO.turns[4], learn=False))
    )
    assert learnt(made(said, learn="last"), tokenizer) == [f"no{end}"]


def test_texts_without_conversations_are_questions(tokenizer: Any) -> None:
    plain = Rows(["what?"], None, texts_of(["a day"]), ["1"])
    asked = made(question("what?").answered("a day"))
    both = [TASK.encode(rows, tokenizer, 99).flat["input_ids"].tolist() for rows in (plain, asked)]
    assert both[0] == both[1]
    unanswered = replace(asked, chats=[question("what?")])
    assert (
        TASK.encode(unanswered, tokenizer, 99).flat["labels"].tolist()
        == TASK.encode(asked, tokenizer, 99).flat["labels"].tolist()
    )


def test_a_row_that_does_not_fit_is_left_out_or_cut(tokenizer: Any) -> None:
    dropped = TASK.encode(made(TWO, question("a").answered("b")), tokenizer, 20)
    assert dropped.lengths.tolist()[0] == 1 and TASK.unlearnt(LABELS, settings(), dropped).tolist()[:1] == [True]
    loss, _ = TASK.criterion(LABELS, settings(), dropped).loss(tiny_model(tokenizer), TASK.collate(dropped, [0], 0))
    assert float(loss.detach()) == 0
    marked = TASK.encode(made(TWO, learn="last", cut="mark"), tokenizer, len(prompt_of(TWO, tokenizer)) + 2)
    assert (marked.flat["labels"] != IGNORED).sum() == 2
    assert not TASK.unlearnt(LABELS, settings(), marked).any()


def test_characters_of_what_is_learnt_are_counted_whether_it_is_one_answer_or_several_or_cut(tokenizer: Any) -> None:
    room = len(prompt_of(TWO, tokenizer)) + 3
    cases = [("all", 999, "no" + "a day"), ("last", 999, "a day"), ("last", room, None)]
    for learn, length, text in cases:
        encoded = TASK.encode(made(TWO, learn=learn, cut="mark"), tokenizer, length)
        batch = TASK.collate(encoded, [0], 0)
        kept = [token for token in batch["labels"][0].tolist() if token != IGNORED]
        counted = len(tokenizer.decode(kept, skip_special_tokens=True) if text is None else text)
        model = tiny_model(tokenizer)
        read = TASK.read(TASK.passed(model, batch), batch)
        found = Written.of(read.detach().numpy())
        assert found.tokens.tolist() == [len(kept)] and found.characters.tolist() == [counted]
        assert text is None or counted == len(text)
    assert 0 < counted < len("a day")


def prompt_of(chat: Chat, tokenizer: Any) -> list[int]:
    rows = made(Chat((chat.turns[0], *chat.turns[3:4])), targets=False)
    return TASK.encode(rows, tokenizer, 999).flat["input_ids"].tolist()  # type: ignore[no-any-return]


def tiny_model(tokenizer: Any) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config: Any = AutoConfig.for_model(
        "llama", vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=1, max_position_embeddings=64, num_key_value_heads=1,
    )  # fmt: skip
    return AutoModelForCausalLM.from_config(config).eval()


def test_prompts_lose_their_first_turns_then_their_first_tokens(tokenizer: Any) -> None:
    whole = conversations.fitting(TWO.asked, tokenizer, 999)
    assert "no" in tokenizer.decode(whole)
    short = conversations.fitting(TWO.asked, tokenizer, len(whole) - 1)
    assert short == prompt_of(TWO, tokenizer), "the system's words stay, the first question goes with its answer"
    assert conversations.fitting(TWO.asked, tokenizer, 5) == short[-5:]
    tools = replace(TWO.asked, tools='[{"name": "f"}]')
    assert "f" in tokenizer.decode(conversations.fitting(tools, tokenizer, 90))


def test_what_is_read_are_the_losses_of_the_answers(tokenizer: Any) -> None:
    assert isinstance(TASK, Reads) and isinstance(TASK, Writes)
    rows, model = made(TWO, question("a").answered("b")), tiny_model(tokenizer)
    encoded = TASK.encode(rows, tokenizer, 99)
    found = Inference(TASK, 0).run(model, encoded, TASK.criterion(LABELS, settings(), encoded))
    known = Written.of(found.logits)
    for row in range(2):
        batch = TASK.collate(encoded, [row], 0)
        outputs = model(input_ids=batch["input_ids"], labels=batch["labels"])  # the mean loss of transformers
        count = int((batch["labels"] != IGNORED).sum())
        assert known.tokens[row] == count
        np.testing.assert_allclose(known.losses[row], float(outputs.loss.detach()) * count, rtol=1e-4)
    assert list(known.texts) == ["", ""] and np.isnan(known.made).all()
    assert found.loss == pytest.approx(known.losses.sum() / known.tokens.sum(), rel=1e-5)


def test_a_metric_needs_texts_unless_it_is_of_the_true_answers() -> None:
    needed = {metric.key for metric in TASK.metrics(LABELS) if texts_asked(TASK, LABELS, metric.key)}
    assert not needed & {"log_likelihood", "perplexity", "bits_per_character", "next_token_accuracy"}
    assert {"exact_match", "rouge_l/chars", "stopped", "distinct_1", "length_ratio"} <= needed
    blank = Written([""] * 3, np.full((3, FIGURES), np.nan, dtype=np.float32)).matrix()
    scores = TASK.scores(blank, texts_of(["a", "b", "c"]), LABELS)
    assert all(np.isnan(scores[name]) for name in needed), "nothing is scored that nobody was asked for"


def test_models_write_at_most_what_they_have_room_for(tokenizer: Any) -> None:
    model, rows = tiny_model(tokenizer), made(TWO, targets=False)
    short = TASK.written(model, tokenizer, rows, settings(max_new_tokens=3))
    assert short.made.tolist() == [3] and short.stopped.tolist() == [0] and np.isnan(short.losses).all()
    assert answering.room_of(model, 999, 20) == 44 and answering.room_of(model, 30, 20) == 30
    assert answering.room_of(model, 999, 63) == 32, "half of the positions is left to the prompt in any case"
    long = TASK.written(model, tokenizer, rows, settings(max_new_tokens=500).model_copy(update={"max_length": 999}))
    assert 0 < long.made[0] <= 64
    unknown = tokenizer.__class__(tokenizer_object=tokenizer.backend_tokenizer, eos_token="<|endoftext|>")
    unknown.chat_template = None
    assert TASK.written(model, unknown, rows, settings(max_new_tokens=3, template="plain")).made.tolist() == [3]


def test_its_reader_has_a_template_that_is_saved(tmp_path: Path) -> None:
    folder = instructions.base_model(tmp_path)
    reader = TASK.reader(load_tokenizer(folder), settings(template="plain"))
    assert reader.chat_template
    with_rows = TASK.counted(made(TWO), reader)
    assert with_rows.texts[0].endswith("a day<|endoftext|>\n") and "system" in with_rows.texts[0]
    assert "a day" not in TASK.counted(made(TWO, targets=False), reader).texts[0]
    reader.chat_template = "{{ raise_exception('no') if messages | length > 3 else '' }}" + reader.chat_template
    assert conversations.written_out(made(TWO), reader).texts == [""]


def test_how_rows_are_read_is_part_of_what_they_are() -> None:
    one, other = made(TWO, learn="all"), made(TWO, learn="last")
    assert one.texts_id != other.texts_id and one.how == conversations.how_of(InstructionRows())
    assert one.at([0]).how == one.how
    plain = Rows(["a"], None, texts_of(["b"]), ["1"])
    assert plain.texts_id != replace(plain, targets=texts_of(["c"])).texts_id, "the true answer is read too"


def test_the_base_model_is_asked_before_training(tmp_path: Path) -> None:
    from tests.engine.test_fit import plan

    folder = instructions.base_model(tmp_path)
    rows = made(question("yes?").answered("no"), question("what?").answered("a day"))
    told = plan(**{"instruction.max_new_tokens": 4, "metric": "log_likelihood", "max_length": 64})
    told = told.model_copy(update={"task": "instruction", "labels": LABELS, "model": str(folder)})
    with pytest.raises(ModelError, match="are others now"):  # than those of the plan
        baselines(TASK, BaselineInput(told, None, "test", {"test": rows}, None))["base"]()  # type: ignore[arg-type]
    told = told.model_copy(update={"model_id": model_id(folder)})
    given = BaselineInput(told, None, "test", {"test": rows, "train": rows}, None)  # type: ignore[arg-type]
    found = Written.of(baselines(TASK, given)["base"]())
    assert list(TASK.baselines(given)) == ["base"]
    assert (found.losses > 0).all() and (found.made > 0).all() and (found.made <= 4).all()


def test_larger_models_get_lower_rates() -> None:
    rates = [proposed({"hidden": width})["learning_rate"] for width in (64, 1024, 4096)]
    assert rates == sorted(rates, reverse=True) and len(set(rates)) == 3
    assert TASK.proposes({}) == proposed({"hidden": 1024})
    assert "lora.rank" in proposed({"hidden": 2048}) and "lora.rank" not in proposed({"hidden": 1024})


def test_lengths_are_those_of_the_rows() -> None:
    tokens = {"rows": 4, "p99": 40, "max": 44, "positions": 64, "lengths": {"20": 2, "44": 2}}
    words = {"asked": {"mean": 12.0}, "answered": {"mean": 4.0, "p99": 10.0}}
    found = proposed({"tokens": tokens, "writing": words})
    assert found["max_length"] == 48 and found["instruction.max_new_tokens"] == 32  # 10 words, 2 tokens each, 25 % more
    for other in ({"max": 70}, {"positions": 40}):
        assert "max_length" not in proposed({"tokens": {**tokens, **other}, "writing": words})
    assert "instruction.max_new_tokens" not in proposed({"tokens": tokens})


def test_a_turn_says_what_it_calls() -> None:
    called = Chat((Turn("user", "a"), Turn("assistant", "", calls='[{"function": {"name": "f", "arguments": "{}"}}]')))
    assert called.answer == "" and conversations.asked(made(called))[0].turns == called.turns[:1]


def test_a_thought_without_words_is_no_part_of_what_is_written() -> None:
    texts = ["<think>\n\n</think>\n\nno", "<think>why</think>no", "no <think></think>"]
    said = answering.packed([Made((1, 2), text, True) for text in texts])
    assert said.texts == ["no", *texts[1:]] and said.made.tolist() == [2.0] * 3
