"""What is written in batches is what transformers' greedy search writes of each prompt alone."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch

from tests import chats, small, tiny
from tunebook.core.chat import Chat
from tunebook.core.errors import RunError
from tunebook.core.progress import Silent
from tunebook.models.chat_template import Rendered, prompt, render, with_template
from tunebook.nets.generate import Generation, generate
from tunebook.nets.stream import stream, sure

PROMPTS = [[5, 6, 7], [8, 9, 10, 11, 12, 13], [5], [20] * 38, [14, 15]]


@pytest.fixture(scope="module", params=tiny.DECODERS)
def model(request: pytest.FixtureRequest) -> Any:
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    made = AutoModelForCausalLM.from_config(tiny.config(request.param))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(3 if parameter.dim() > 1 else 1)
    return made.eval()


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return with_template(small.tokenizer())


def alone(model: Any, tokens: list[int], room: int) -> tuple[int, ...]:
    """What transformers writes greedily."""
    ids = torch.tensor([tokens])
    made = model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, eos_token_id=3, pad_token_id=0,
        max_new_tokens=min(room, 40 - len(tokens)),
    )  # fmt: skip
    line = made[0, len(tokens) :].tolist()
    return tuple(line[: line.index(3)] if 3 in line else line)


@pytest.mark.parametrize("at_once", [1, 30, 8192])
def test_greedy_writes_what_transformers_writes_alone(model: Any, tokenizer: Any, at_once: int) -> None:
    found = generate(model, PROMPTS, tokenizer=tokenizer, how=Generation(max_new_tokens=9, tokens_at_once=at_once))
    assert [made.tokens for made in found] == [alone(model, tokens, 9) for tokens in PROMPTS]


def test_a_model_that_knows_no_padding_writes_one_row_at_a_time(tokenizer: Any) -> None:
    from transformers import RwkvConfig, RwkvForCausalLM

    torch.manual_seed(0)
    config = RwkvConfig(vocab_size=90, hidden_size=16, num_hidden_layers=2, context_length=40, attention_hidden_size=16)
    model: Any = RwkvForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.5) if parameter.dim() > 1 else None
    prompts = [*PROMPTS[:3], *PROMPTS[4:], [15, 14]]  # also two of one length
    found = generate(model, prompts, tokenizer=tokenizer, how=Generation(max_new_tokens=9))
    assert [made.tokens for made in found] == [alone(model, tokens, 9) for tokens in prompts]
    assert len({made.tokens[-1:] for made in found}) > 1, "they do write something"


def test_what_came_with_the_model_does_not_hold_and_is_there_again(model: Any, tokenizer: Any) -> None:
    from transformers import GenerationConfig

    want = generate(model, PROMPTS, tokenizer=tokenizer, how=Generation(max_new_tokens=9))
    own = GenerationConfig(
        do_sample=True, temperature=5.0, repetition_penalty=3.0, suppress_tokens=[44], forced_eos_token_id=3,
        max_length=7, min_new_tokens=5, num_beams=2, no_repeat_ngram_size=1, bad_words_ids=[[24]],
    )  # fmt: skip
    before, model.generation_config = model.generation_config, own
    model.train()
    try:
        assert generate(model, PROMPTS, tokenizer=tokenizer, how=Generation(max_new_tokens=9)) == want
        assert model.generation_config is own
        assert all(module.training for module in model.modules())
    finally:
        model.generation_config = before
        model.eval()


def test_progress_is_told_and_a_wrapper_is_looked_through(model: Any, tokenizer: Any) -> None:
    told: list[Any] = []

    class Told(Silent):
        def start(self, what: str, total: int, done: int = 0) -> None:
            told.append((what, total))

        def advance(self, amount: int = 1, **figures: float) -> None:
            told.append(amount)

    wrapped = torch.nn.Module()
    wrapped.module = model
    how = Generation(max_new_tokens=3, tokens_at_once=12)
    assert generate(model, [], tokenizer=tokenizer, how=how) == []
    made = generate(wrapped, PROMPTS, tokenizer=tokenizer, how=how, progress=Told())
    assert made == generate(model, PROMPTS, tokenizer=tokenizer, how=how)
    assert told == [("generate", 5), 1, 1, 2, 1]  # rows of 38, 6, 3 and 2, 1 tokens


def test_drawing_follows_the_probabilities(model: Any, tokenizer: Any) -> None:
    from tunebook.nets.generate import _Draw

    scores = torch.tensor([[1.0, 3.0, -torch.inf, 2.5, 0.0]])
    for top_p, left in ((1.0, [0, 1, 3, 4]), (0.7, [1, 3]), (0.1, [1])):
        draw = _Draw(Generation(temperature=2.0, top_p=top_p), [0])
        drawn = [int(draw(torch.zeros(1, 1), scores).argmax()) for _ in range(3000)]
        wanted = torch.zeros(5)
        wanted[left] = torch.softmax(scores[0, left] / 2.0, -1)
        found = torch.bincount(torch.tensor(drawn), minlength=5) / 3000
        assert torch.allclose(found, wanted, atol=0.04)
        assert (found[wanted == 0] == 0).all()


def test_drawn_texts_hang_on_the_seed_and_not_on_the_batch(model: Any, tokenizer: Any) -> None:
    def drawn(seed: int, at_once: int) -> list[tuple[int, ...]]:
        how = Generation(max_new_tokens=9, temperature=1.0, top_p=0.9, seed=seed, tokens_at_once=at_once)
        return [made.tokens for made in generate(model, PROMPTS, tokenizer=tokenizer, how=how)]

    assert drawn(1, 1) == drawn(1, 8192)
    assert drawn(1, 8192) != drawn(2, 8192)


@pytest.mark.parametrize(("prompt", "code"), [([], "empty"), ([5] * 40, "long")])
def test_a_prompt_that_cannot_be_answered_is_refused(model: Any, tokenizer: Any, prompt: list[int], code: str) -> None:
    with pytest.raises(RunError) as error:
        generate(model, [[5], prompt], tokenizer=tokenizer, how=Generation())
    assert error.value.code == f"generate.{code}"


@pytest.fixture(scope="module")
def learner() -> tuple[Any, Any, list[Chat]]:
    """A tiny model that has learnt three answers by heart, and its tokenizer, whose only special token is its end."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = with_template(chats.byte_level())
    talks = [
        Chat.of(("user", "yes or no?"), ("assistant", "no, 今天 yes")),
        Chat.of(("user", "what?"), ("assistant", "an answer")),
        Chat.of(("user", "today?"), ("assistant", "\n a b\nc d 🙂")),
    ]
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=2,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    rows = [render(talk, tokenizer, max_length=200) for talk in talks]
    batch = []
    for row in rows:
        assert isinstance(row, Rendered)
        labels = [token if wanted else -100 for token, wanted in zip(row.input_ids, row.learnt, strict=True)]
        batch.append((torch.tensor([row.input_ids]), torch.tensor([labels])))
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3)
    for _ in range(60):
        for ids, labels in batch:
            model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model, tokenizer, talks


def test_a_model_that_learnt_the_end_stops_by_itself(learner: tuple[Any, Any, list[Chat]]) -> None:
    model, tokenizer, talks = learner
    asked = [prompt(talk, tokenizer) for talk in talks]
    found = generate(model, asked, tokenizer=tokenizer, how=Generation(max_new_tokens=60))
    assert [(made.text, made.stopped) for made in found] == [(talk.answer, True) for talk in talks]
    assert all(tokenizer.eos_token_id not in made.tokens for made in found)
    short = generate(model, asked, tokenizer=tokenizer, how=Generation(max_new_tokens=2))
    assert [(made.stopped, len(made.tokens)) for made in short] == [(False, 2)] * 3


def test_stop_words_end_a_text_wherever_the_borders_of_tokens_lie(learner: tuple[Any, Any, list[Chat]]) -> None:
    model, tokenizer, talks = learner
    asked = [prompt(talk, tokenizer) for talk in talks]
    how = Generation(max_new_tokens=60, stop=("天 y", "nsw", "b\nc"))
    found = generate(model, asked, tokenizer=tokenizer, how=how)
    assert [made.text for made in found] == ["no, 今", "an a", "\n a "]
    assert all(made.stopped for made in found)
    for made in found:  # and no token more than the text needs
        assert made.text.startswith(tokenizer.decode(made.tokens).rstrip("\ufffd"))


@pytest.mark.parametrize("stop", [(), ("天 y", "nsw", "b\nc"), ("", "yes!", "r!", "🙂!")])
def test_a_stream_is_the_text_in_pieces(learner: tuple[Any, Any, list[Chat]], stop: tuple[str, ...]) -> None:
    model, tokenizer, talks = learner
    how = Generation(max_new_tokens=60, stop=stop)
    for talk in talks:
        asked = prompt(talk, tokenizer)
        pieces = stream(model, asked, tokenizer=tokenizer, how=how)
        found = []
        try:
            while True:
                found.append(next(pieces))
        except StopIteration as end:
            made = end.value
        assert made == generate(model, [asked], tokenizer=tokenizer, how=how)[0]
        assert "".join(found) == made.text
        assert len(found) > 1
        assert not any("\ufffd" in piece for piece in found)


def test_a_stream_that_nobody_listens_to_ends(learner: tuple[Any, Any, list[Chat]]) -> None:
    model, tokenizer, talks = learner
    before = set(threading.enumerate())  # bars of progress that other tests have shown leave a thread
    pieces = stream(model, prompt(talks[0], tokenizer), tokenizer=tokenizer, how=Generation(max_new_tokens=10**6))
    next(pieces)
    assert set(threading.enumerate()) - before
    pieces.close()
    assert set(threading.enumerate()) <= before
    with pytest.raises(RunError):
        next(stream(model, [], tokenizer=tokenizer, how=Generation()))
    with pytest.raises(IndexError):  # what goes wrong while it is written is told to who listens
        next(stream(model, [10**6], tokenizer=tokenizer, how=Generation()))


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("ab\ufffd", (), "ab"),
        ("a STO", ("STOP", "OR"), "a "),
        ("a STO", ("x",), "a STO"),
        ("a STOP b", ("STOP",), "a "),
        ("aO", ("OR", "aOx"), ""),
    ],
)
def test_what_may_become_a_stop_word_waits(text: str, words: tuple[str, ...], shown: str) -> None:
    assert sure(text, words) == shown


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_an_encoder_decoder_writes_what_transformers_writes_alone(kind: str) -> None:
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    small_one = {"d_model": 16, "vocab_size": tiny.VOCABULARY, "pad_token_id": 0, "eos_token_id": 3}
    own = {
        "t5": {"d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0},
        "bart": {
            "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
            "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 40, "decoder_start_token_id": 2,
            "bos_token_id": 2, "forced_eos_token_id": 3,
        },
    }  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model(kind, **small_one, **own[kind])).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.dim() > 1 and kind == "bart" else 1)
    made = generate(model, PROMPTS, tokenizer=small.tokenizer(), how=Generation(max_new_tokens=60))
    room = 60 if kind == "t5" else 39
    for tokens, found in zip(PROMPTS, made, strict=True):
        ids = torch.tensor([tokens])
        line = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=room,
                              forced_eos_token_id=None)[0, 1:].tolist()  # fmt: skip
        assert found.tokens == tuple(line[: line.index(3)] if 3 in line else line)
        assert found.stopped == (3 in line)
    if kind == "bart":
        with pytest.raises(RunError) as error:
            generate(model, [[5] * 41], tokenizer=small.tokenizer(), how=Generation())
        assert error.value.code == "generate.long"


@pytest.mark.parametrize("kind", ["mpt", "gpt2"])
def test_the_end_of_the_positions_has_many_names(kind: str) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    own = {
        "mpt": {"d_model": 16, "n_heads": 2, "n_layers": 1, "max_seq_len": 40},
        "gpt2": {"n_embd": 16, "n_head": 2, "n_layer": 1, "n_positions": 40},
    }
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, vocab_size=tiny.VOCABULARY, **own[kind])
    model = AutoModelForCausalLM.from_config(config).eval()
    how = Generation(max_new_tokens=60)
    (made,) = generate(model, [[20] * 38], tokenizer=small.tokenizer(), how=how)
    assert len(made.tokens) <= 2
    with pytest.raises(RunError, match=r"generate\.long"):
        generate(model, [[20] * 41], tokenizer=small.tokenizer(), how=how)
