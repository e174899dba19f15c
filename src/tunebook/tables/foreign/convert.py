"""Values that other tools write in another way than a table does."""

from __future__ import annotations

from typing import Any

from tunebook.tables.foreign.keys import Config, Convert, Outcome
from tunebook.tables.values import NO, YES, is_nothing, number, word

# Names of scores that others use -> ours; only those that mean the same.
_METRICS = {
    "acc": "accuracy",
    "f1_macro": "macro_f1",
    "f1_micro": "micro_f1",
    "f1_weighted": "weighted_f1",
    "matthews_correlation": "mcc",
    "pearsonr": "pearson",
    "spearmanr": "spearman",
    **{name: name for name in ("accuracy", "macro_f1", "micro_f1", "weighted_f1", "mcc", "auc", "pearson", "spearman")},
}
# AdamW without compressed or paged states: the same steps as ours.
_PLAIN_ADAMW = frozenset({"adamw", "adamw_torch", "adamw_torch_fused", "adamw_hf", "adamw_apex_fused"})


def truth(value: Any) -> bool | None:
    """Yes or no as people write it; None for anything else."""
    text = word(str(value))
    return True if text in YES | {"1"} else False if text in NO | {"0"} else None


def name_of(value: Any) -> str:
    """The name of a choice: `cosine` of `cosine` and of `SchedulerType.COSINE`."""
    return word(value).rpartition(".")[2]


def given(config: Config, *names: str) -> Any:
    """The first of these keys that holds something."""
    return next((config[name] for name in names if not is_nothing(config.get(name))), None)


def _constant(config: Config) -> bool:
    """A rate that stays the same from the first step: warm-up is then left alone by transformers."""
    return name_of(given(config, "lr_scheduler_type", "lr_scheduler")) in ("constant", "reduce_lr_on_plateau")


def unless(other: str, convert: Convert) -> Convert:
    """What a key means where another one, which goes first, says nothing."""

    def converted(value: Any, config: Config) -> Outcome:
        return Outcome(why="importing.other_key") if given(config, other) is not None else convert(value, config)

    return converted


def epochs(value: Any, config: Config) -> Outcome:
    """Passes over the rows."""
    return Outcome({"max_epochs": value})


def max_steps(value: Any, config: Config) -> Outcome:
    """-1 stands for no limit."""
    steps = number(value)
    if steps is not None and steps <= 0:
        return Outcome({"max_steps": None}, "importing.no_limit")
    return Outcome({"max_steps": value})


def warmup_steps(value: Any, config: Config) -> Outcome:
    """Steps; below 1 a share of them; 0 leaves it to warmup_ratio."""
    steps, ratio = number(value), number(config.get("warmup_ratio"))
    if _constant(config):
        return Outcome(why="importing.constant")
    if steps is None or steps >= 1:
        return Outcome({"warmup_steps": value})
    if steps > 0:
        return Outcome({"warmup_ratio": steps, "warmup_steps": None}, "importing.warmup_share")
    if ratio:
        return Outcome(why="importing.ratio_rules")
    return Outcome({"warmup_ratio": 0, "warmup_steps": None}, "importing.no_warmup")


def warmup_ratio(value: Any, config: Config) -> Outcome:
    """A share of the steps, unless warmup_steps says more."""
    if _constant(config):
        return Outcome(why="importing.constant")
    if (number(config.get("warmup_steps")) or 0) > 0:
        return Outcome(why="importing.steps_rule")
    return Outcome({"warmup_ratio": value, "warmup_steps": None})


def optimizer(value: Any, config: Config) -> Outcome:
    """All AdamWs are one row; what compresses or pages their states is lost."""
    name = name_of(value)
    if name in _PLAIN_ADAMW:
        return Outcome({"optimizer": "adamw"}, "importing.adamw")
    if name.startswith(("adamw_", "paged_adamw")):
        return Outcome({"optimizer": "adamw"}, "importing.adamw_states")
    return Outcome({"optimizer": name or value})


def adafactor(value: Any, config: Config) -> Outcome:
    """The old switch of transformers."""
    if truth(value):
        return Outcome({"optimizer": "adafactor"}, "importing.adafactor")
    return Outcome(why="importing.off_there")


def adam(default: float) -> Convert:
    """A constant of Adam: no row, but it is said whether ours is the same."""

    def convert(value: Any, config: Config) -> Outcome:
        return Outcome(why="importing.adam_same" if number(value) == default else "importing.adam_other")

    return convert


def precision(otherwise: str) -> Convert:
    """All switches of number formats together; `otherwise` is the tool's own where none is on."""
    switches = (("bf16", "bf16"), ("bfloat16", "bf16"), ("pure_bf16", "bf16"), ("fp16", "fp16"), ("float16", "fp16"))

    def convert(value: Any, config: Config) -> Outcome:
        found = "auto" if word(config.get("bf16")) == "auto" else ""
        found = found or next((ours for name, ours in switches if truth(config.get(name))), "")
        if not found and truth(config.get("float32")):
            found = "fp32"
        return Outcome({"precision": found or otherwise}, "importing.precision")

    return convert


def number_format(value: Any, config: Config) -> Outcome:
    """The format of TRL's weights, where no switch says how to compute."""
    if truth(config.get("bf16")) or truth(config.get("fp16")):
        return Outcome(why="importing.switch_rules")
    name = word(value).removeprefix("torch.")
    return Outcome({"precision": {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}.get(name, value)})


def swift_dtype(value: Any, config: Config) -> Outcome:
    """ms-swift trains 16-bit and 32-bit floating weights with fp16 arithmetic, bfloat16 ones with bf16."""
    name = word(value).removeprefix("torch.")
    ours = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp16"}.get(name)
    return Outcome({"precision": ours or value}, "importing.dtype")


def eval_steps(strategy: str) -> Convert:
    """Steps between looks; they count only where looks go by steps. `strategy` is the tool's own."""

    def convert(value: Any, config: Config) -> Outcome:
        chosen = name_of(given(config, "eval_strategy", "evaluation_strategy")) or strategy
        if chosen != "steps":
            return Outcome(why="importing.not_by_steps")
        return Outcome({"eval_every": value})

    return convert


def eval_strategy(value: Any, config: Config) -> Outcome:
    """Looks go by epochs or by steps; there is always one at least after each epoch."""
    name = name_of(value)
    if name == "epoch":
        return Outcome({"eval_every": None}, "importing.each_epoch")
    if name == "steps":
        return Outcome(why="importing.see_eval_steps")
    return Outcome(why="importing.always_looks")


def evals_per_epoch(value: Any, config: Config) -> Outcome:
    """One look an epoch is our default; several need the number of rows."""
    if number(value) == 1:
        return Outcome({"eval_every": None}, "importing.each_epoch")
    return Outcome(why="importing.evals_per_epoch")


def total_batch(value: Any, config: Config) -> Outcome:
    """Axolotl's rows of a whole step, on one device: those of a forward pass times the passes."""
    total, rows = number(value), number(config.get("micro_batch_size"))
    passes = number(config.get("gradient_accumulation_steps"))
    if total and rows and not passes and total % rows == 0:
        return Outcome({"gradient_accumulation_steps": int(total // rows)}, "importing.total_batch")
    if total and passes and not rows and total % passes == 0:
        return Outcome({"batch_size": int(total // passes)}, "importing.total_batch")
    return Outcome(why="importing.batch_known")


def checkpointing(value: Any, config: Config) -> Outcome:
    """`offload`, `unsloth` and the like recompute too, and put what they keep elsewhere."""
    if word(value) in ("offload", "offload_disk", "unsloth"):
        return Outcome({"gradient_checkpointing": True}, "importing.offload")
    return Outcome({"gradient_checkpointing": value})


def no_checkpointing(value: Any, config: Config) -> Outcome:
    """LLaMA-Factory says it the other way round."""
    state = truth(value)
    return Outcome({"gradient_checkpointing": value if state is None else not state}, "importing.reversed")


def by_length(value: Any, config: Config) -> Outcome:
    """Yes or no."""
    state = truth(value)
    return Outcome({"length_bucketing": value if state is None else "on" if state else "off"})


def sampling(value: Any, config: Config) -> Outcome:
    """The sampler of transformers 5."""
    ours = {"group_by_length": "on", "random": "off"}.get(name_of(value))
    return Outcome({"length_bucketing": ours}, "importing.sampling") if ours else Outcome(why="importing.no_sampler")


def patience(value: Any, config: Config) -> Outcome:
    """0 stands for never stopping early."""
    if number(value) == 0:
        return Outcome({"early_stopping_patience": None}, "importing.never_early")
    return Outcome({"early_stopping_patience": value})


def metric(value: Any, config: Config) -> Outcome:
    """A score that means the same here; a loss chooses no checkpoint."""
    name = word(value).removeprefix("eval_")
    if name.endswith("loss"):
        return Outcome(why="importing.metric_loss")
    ours = _METRICS.get(name)
    return Outcome({"metric": ours}, "importing.metric") if ours else Outcome(why="importing.metric_unknown")


__all__ = [
    "adafactor",
    "adam",
    "by_length",
    "checkpointing",
    "epochs",
    "eval_steps",
    "eval_strategy",
    "evals_per_epoch",
    "given",
    "max_steps",
    "metric",
    "name_of",
    "no_checkpointing",
    "number_format",
    "optimizer",
    "patience",
    "precision",
    "sampling",
    "swift_dtype",
    "total_batch",
    "truth",
    "unless",
    "warmup_ratio",
    "warmup_steps",
]
