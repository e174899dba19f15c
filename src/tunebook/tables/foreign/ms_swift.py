"""Keys of ms-swift: transformers' and its own."""

from __future__ import annotations

from tunebook.tables.foreign.convert import epochs, eval_steps, metric, name_of, patience, swift_dtype, unless
from tunebook.tables.foreign.keys import Config, Key, Tool, nothing
from tunebook.tables.foreign.methods import (
    adapter,
    bits,
    frozen_names,
    frozen_pattern,
    method,
    ms_swift_job,
    rank,
    swift_model,
    targets,
    trained_too,
)
from tunebook.tables.foreign.trainer import KEYS as TRAINER
from tunebook.tables.foreign.writing import pair_loss, preference_loss, strength, turns


def trained(config: Config) -> str:
    """What of the model it trains, by the names of versions 4, 3 and 2: `lora` unless the file says otherwise."""
    found = (name_of(config.get(name)) for name in ("tuner_type", "train_type", "sft_type"))
    return next(filter(None, found), "lora")


def _kind(config: Config) -> str:
    return name_of(config.get("rlhf_type")) or "dpo"


KEYS: dict[str, Key] = {
    **TRAINER,
    "model": Key("base_model", swift_model),
    "model_id_or_path": Key("base_model", swift_model),
    "max_length": Key("max_length"),
    "torch_dtype": Key("precision", swift_dtype),
    "eval_steps": Key("eval_every", eval_steps("steps")),
    "max_epochs": Key("max_epochs", unless("num_train_epochs", epochs)),
    "metric": Key("metric", unless("metric_for_best_model", metric)),
    "early_stop_interval": Key("early_stopping_patience", patience),
    "tuner_type": Key("lora", method),
    "train_type": Key("lora", method),
    "sft_type": Key("lora", method),
    "lora_rank": Key("lora.rank", rank(trained, lambda size: 32)),
    "lora_alpha": Key("lora.alpha", adapter("alpha", trained, ("lora", "adalora"))),
    "lora_dropout": Key("lora.dropout", adapter("dropout", trained, ("lora", "adalora"))),
    "target_modules": Key("lora.targets", targets(trained, "target_regex")),
    "target_regex": Key("lora.targets", targets(trained)),
    "lora_target_modules": Key("lora.targets", targets(trained)),
    "modules_to_save": Key(convert=trained_too),
    "lora_modules_to_save": Key(convert=trained_too),
    "use_dora": Key("lora.decompose", adapter("decompose", trained)),
    "use_rslora": Key("lora.rank_stabilized", adapter("rank_stabilized", trained)),
    "quant_bits": Key("lora.quantize", bits(trained)),
    "quantization_bit": Key("lora.quantize", bits(trained)),
    "adalora_target_r": Key("adalora.rank", adapter("rank", trained, ("adalora",))),
    "adalora_init_r": Key("adalora.first_rank", adapter("first_rank", trained, ("adalora",))),
    "adalora_deltaT": Key("adalora.every", adapter("every", trained, ("adalora",))),
    "adalora_orth_reg_weight": Key("adalora.orthogonal", adapter("orthogonal", trained, ("adalora",))),
    "adapter_length": Key("adapter.width", adapter("width", trained, ("adapter",))),
    "adapter_act": Key("adapter.activation", adapter("activation", trained, ("adapter",))),
    "loss_scale": Key("instruction.learn", turns),
    "rlhf_type": Key("preference.loss", preference_loss("loss_type")),
    "loss_type": Key("preference.loss", pair_loss),
    "beta": Key("preference.beta", strength(_kind)),
    "rpo_alpha": Key("preference.sft_weight"),
    "desirable_weight": Key("preference.desirable_weight"),
    "undesirable_weight": Key("preference.undesirable_weight"),
    "label_smoothing": Key("label_smoothing"),
    **nothing("by_share", "adalora_tinit adalora_tfinal"),
    **nothing("no_row", "adalora_beta1 adalora_beta2 ia3_feedforward_modules lora_bias lora_bias_trainable"),
    **nothing("lora_plus", "lorap_lr_ratio lora_lr_ratio"),
    **nothing("adapter_start", "init_weights init_lora_weights"),
    "freeze_parameters": Key("freeze.pattern", frozen_names),
    "freeze_parameters_regex": Key("freeze.pattern", frozen_pattern),
    **nothing("freeze_ratio", "freeze_parameters_ratio trainable_parameters trainable_parameters_regex"),
    **nothing("no_row", "target_parameters lora_dtype"),
    **nothing("no_row", "train_dataloader_shuffle"),
    **nothing("other_method", "optimizer"),
    **nothing("labels", "num_labels problem_type task_type"),
    **nothing(
        "data",
        "dataset val_dataset cached_dataset cached_val_dataset split_dataset_ratio dataset_num_proc "
        "load_from_cache_file dataset_shuffle val_dataset_shuffle streaming interleave_prob stopping_strategy "
        "shuffle_buffer_size download_mode columns strict custom_dataset_info lazy_tokenize packing_num_proc "
        "truncation_strategy",
    ),
    **nothing(
        "prompting",
        "template system model_name model_author agent_template norm_bbox use_chat_template padding_free "
        "padding_side packing packing_length response_prefix template_backend max_new_tokens temperature "
        "top_k top_p repetition_penalty num_beams stream stop_words logprobs top_logprobs acc_strategy "
        "enable_dft_loss enable_channel_loss channels add_non_thinking_prefix enable_thinking use_logits_to_keep "
        "router_aux_loss_coef",
    ),
    **nothing("preference", "cpo_alpha simpo_gamma ref_model reward_model"),
    **nothing("preference", "num_generations reward_funcs max_completion_length"),
    **nothing(
        "preference",
        "ref_adapters ref_model_type reward_model_type reward_weights reward_model_plugin use_vllm vllm_mode "
        "vllm_server_host vllm_server_port vllm_server_timeout vllm_gpu_memory_utilization vllm_max_model_len "
        "vllm_tensor_parallel_size vllm_limit_mm_per_prompt vllm_enable_lora log_completions async_generate "
        "sleep_level teacher_model teacher_adapters seq_kd lmbda dynamic_sample max_resample_times overlong_filter "
        "soft_cache_length soft_overlong steps_per_generation generation_batch_size move_model_batches "
        "offload_model offload_optimizer gc_collect_after_offload num_iterations epsilon epsilon_high delta "
        "scale_rewards importance_sampling_level center_rewards_coefficient multi_turn_scheduler max_turns "
        "undesirable",
    ),
    **nothing("images", "max_pixels freeze_llm freeze_vit freeze_aligner vit_lr aligner_lr vit_gradient_checkpointing"),
    **nothing(
        "loading",
        "model_type model_revision attn_impl new_special_tokens rope_scaling max_model_len device_map max_memory "
        "local_repo_path use_swift_lora neftune_backend init_strategy model_kwargs adapters external_plugins "
        "custom_register_path load_args load_data_args use_hf check_model quant_method hqq_axis "
        "bnb_4bit_compute_dtype bnb_4bit_quant_type bnb_4bit_use_double_quant bnb_4bit_quant_storage tuner_backend "
        "ignore_args_error config",
    ),
    **nothing(
        "other_method",
        "fourier_n_frequency fourier_scaling boft_block_size boft_block_num boft_dropout vera_rank "
        "vera_projection_prng_key vera_dropout vera_d_initial use_galore galore_target_modules galore_rank "
        "galore_update_proj_gap galore_scale galore_proj_type galore_optim_per_parameter galore_with_embedding "
        "galore_quantization galore_proj_quant galore_proj_bits galore_proj_group_size galore_cos_threshold "
        "galore_gamma_proj galore_queue_size lisa_activated_layers lisa_step_interval llamapro_num_new_blocks "
        "llamapro_num_groups reft_layer_key reft_layers reft_rank reft_intervention_type reft_args "
        "lora_ga_batch_size lora_ga_iters lora_ga_max_length lora_ga_direction lora_ga_scale lora_ga_stable_gamma",
    ),
    **nothing("machine", "sequence_parallel_size zero_hpz_partition_size deepspeed_autotp_size use_ray ray_exp_name"),
    **nothing("machine", "device_groups ddp_backend use_flash_ckpt tensor_parallel_size"),
    **nothing("resume", "resume_only_model"),
    **nothing("output", "add_version create_checkpoint_symlink swanlab_project swanlab_token swanlab_exp_name"),
    **nothing("evaluation", "eval_use_evalscope eval_dataset eval_dataset_args eval_limit eval_generation_config"),
}
TOOL = Tool("ms-swift", "ms-swift", KEYS, trained, "tuner_type", ms_swift_job)

__all__ = ["KEYS", "TOOL", "trained"]
