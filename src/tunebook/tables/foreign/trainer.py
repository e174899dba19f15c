"""Keys of transformers' TrainingArguments, which LLaMA-Factory and ms-swift take over; schedules with their options.

Versions 4 and 5 together: those that one of them has dropped still stand in people's files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tunebook.tables.foreign.convert import (
    adafactor,
    adam,
    by_length,
    checkpointing,
    eval_steps,
    eval_strategy,
    given,
    max_steps,
    metric,
    name_of,
    optimizer,
    precision,
    sampling,
    warmup_ratio,
    warmup_steps,
)
from tunebook.tables.foreign.keys import Config, Key, Outcome, nothing
from tunebook.tables.foreign.methods import neftune
from tunebook.tables.values import number

_NO_WARMUP = {"warmup_ratio": 0, "warmup_steps": None}


def scheduler(value: Any, config: Config) -> Outcome:
    """A schedule with the rows that its options mean; what transformers takes without a word is written out."""
    name, options = name_of(value), _options(config)
    if name == "constant":
        return Outcome({"lr_scheduler": name, **_NO_WARMUP}, "importing.constant_rate")
    if name == "constant_with_warmup":
        return Outcome({"lr_scheduler": "constant"}, "importing.constant_warmup")
    if name == "cosine_with_restarts":
        return Outcome({"lr_scheduler": name, "lr_cycles": options.get("num_cycles", 1)}, "importing.curve")
    if name == "polynomial":
        rows = {"lr_scheduler": name, "lr_power": options.get("power", 1.0), **_least(options, config, "lr_end")}
        return Outcome(rows, "importing.curve")
    least = _least(options, config, "min_lr")
    if name == "cosine_with_min_lr" and least:
        return Outcome({"lr_scheduler": "cosine", **least}, "importing.curve")
    if name == "warmup_stable_decay":
        return Outcome({"lr_scheduler": "wsd", **_decay(options, config), **least}, "importing.wsd")
    if name == "reduce_lr_on_plateau":
        rows = {"lr_scheduler": "plateau", "lr_factor": options.get("factor", 0.1), **_NO_WARMUP}
        patience = number(options.get("patience", 10))
        return Outcome({**rows, "lr_patience": None if patience is None else int(patience) + 1}, "importing.plateau")
    return Outcome({"lr_scheduler": name or value})


def least_of_cosine(value: Any, config: Config) -> Outcome:
    """Axolotl's lowest rate, which only its cosine has."""
    if name_of(given(config, "lr_scheduler") or "cosine") != "cosine":
        return Outcome(why="importing.cosine_only")
    return Outcome({"lr_min_ratio": value})


def _options(config: Config) -> Mapping[str, Any]:
    """The options of the schedule, as an object or as JSON."""
    found = given(config, "lr_scheduler_kwargs")
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return {}
    return found if isinstance(found, Mapping) else {}


def _least(options: Mapping[str, Any], config: Config, key: str) -> dict[str, Any]:
    """The lowest rate as a share of the peak."""
    share = given(options, "min_lr_rate", "min_lr_ratio")
    low, peak = number(options.get(key)), number(given(config, "learning_rate"))
    if share is None and low is not None and peak:
        share = float(f"{low / peak:.3g}")
    return {} if share is None else {"lr_min_ratio": share}


def _decay(options: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """The fall as a share of the steps, where these are given."""
    fall, steps = number(options.get("num_decay_steps")), number(config.get("max_steps"))
    return {"lr_decay_ratio": float(f"{fall / steps:.3g}")} if fall and steps and steps > 0 else {}


KEYS: dict[str, Key] = {
    "learning_rate": Key("learning_rate"),
    "per_device_train_batch_size": Key("batch_size"),
    "per_gpu_train_batch_size": Key("batch_size"),
    "train_batch_size": Key("batch_size"),
    "gradient_accumulation_steps": Key("gradient_accumulation_steps"),
    "num_train_epochs": Key("max_epochs"),
    "max_steps": Key("max_steps", max_steps),
    "weight_decay": Key("weight_decay"),
    "warmup_ratio": Key("warmup_ratio", warmup_ratio),
    "warmup_steps": Key("warmup_steps", warmup_steps),
    "lr_scheduler_type": Key("lr_scheduler", scheduler),
    "lr_scheduler_kwargs": Key(why="importing.curve_options"),
    "optim": Key("optimizer", optimizer),
    "adafactor": Key("optimizer", adafactor),
    "adam_beta1": Key(convert=adam(0.9)),
    "adam_beta2": Key(convert=adam(0.999)),
    "adam_epsilon": Key(convert=adam(1e-8)),
    "max_grad_norm": Key("max_grad_norm"),
    "label_smoothing_factor": Key("label_smoothing"),
    "bf16": Key("precision", precision("fp32")),
    "fp16": Key("precision", precision("fp32")),
    "gradient_checkpointing": Key("gradient_checkpointing", checkpointing),
    "activation_checkpointing": Key("gradient_checkpointing", checkpointing),
    "eval_steps": Key("eval_every", eval_steps("no")),
    "eval_strategy": Key("eval_every", eval_strategy),
    "evaluation_strategy": Key("eval_every", eval_strategy),
    "metric_for_best_model": Key("metric", metric),
    "group_by_length": Key("length_bucketing", by_length),
    "train_sampling_strategy": Key("length_bucketing", sampling),
    "seed": Key("seed"),
    "neftune_noise_alpha": Key("neftune.alpha", neftune),
    **nothing("seed", "data_seed full_determinism"),
    **nothing("always", "load_best_model_at_end greater_is_better save_safetensors"),
    **nothing("no_row", "optim_args optim_target_modules average_tokens_across_devices do_train"),
    **nothing("no_row", "activation_checkpointing_kwargs gradient_checkpointing_kwargs dataloader_drop_last"),
    **nothing(
        "output",
        "output_dir overwrite_output_dir logging_dir logging_strategy logging_steps logging_first_step "
        "log_on_each_node logging_nan_inf_filter include_num_input_tokens_seen include_tokens_per_second log_level "
        "log_level_replica disable_tqdm report_to run_name project trackio_space_id trackio_bucket_id "
        "trackio_static_space_id save_only_model save_strategy save_steps save_on_each_node save_total_limit "
        "enable_jit_checkpoint skip_memory_metrics debug",
    ),
    **nothing("hub", "push_to_hub hub_token hub_private_repo hub_model_id hub_strategy hub_always_push hub_revision"),
    **nothing("hub", "push_to_hub_model_id push_to_hub_organization push_to_hub_token"),
    **nothing(
        "evaluation",
        "per_device_eval_batch_size per_gpu_eval_batch_size eval_batch_size eval_delay eval_on_start "
        "eval_do_concat_batches eval_use_gather_object eval_accumulation_steps prediction_loss_only "
        "include_for_metrics include_inputs_for_metrics batch_eval_metrics bf16_full_eval fp16_full_eval do_eval "
        "do_predict",
    ),
    **nothing("resume", "resume_from_checkpoint ignore_data_skip restore_callback_states_from_checkpoint"),
    **nothing("labels", "label_names"),
    **nothing("data", "remove_unused_columns length_column_name"),
    **nothing(
        "machine",
        "use_cpu no_cuda use_mps_device use_ipex accelerator_config parallelism_config dataloader_num_workers "
        "dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor dataloader_in_order "
        "dataloader_multiprocessing_context ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers "
        "ddp_static_graph ddp_backend ddp_timeout fsdp fsdp_config fsdp_min_num_params "
        "fsdp_transformer_layer_cls_to_wrap deepspeed local_rank split_batches dispatch_batches auto_find_batch_size "
        "torch_empty_cache_steps tpu_num_cores tpu_metrics_debug xpu_backend ray_scope mp_parameters sharded_ddp "
        "_n_gpu",
    ),
    **nothing(
        "speed",
        "tf32 torch_compile torch_compile_backend torch_compile_mode torchdynamo use_liger_kernel liger_kernel_config "
        "use_cache jit_mode_eval fp16_opt_level fp16_backend half_precision_backend",
    ),
    **nothing("prompting", "predict_with_generate generation_max_length generation_num_beams generation_config"),
    **nothing("prompting", "sortish_sampler past_index"),
}


__all__ = ["KEYS", "least_of_cosine", "scheduler"]
