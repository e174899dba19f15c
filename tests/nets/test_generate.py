"""What is written in batches is what transformers' greedy search writes of each prompt alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests import small, tiny
from tunebook.core.errors import RunError
from tunebook.models.chat_template import with_template
from tunebook.nets.generate import Generation, generate

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
