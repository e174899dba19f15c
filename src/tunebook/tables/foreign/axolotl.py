"""Keys of Axolotl's YAML files."""

from __future__ import annotations

from tunebook.tables.foreign.convert import (
    adam,
    by_length,
    checkpointing,
    eval_steps,
    eval_strategy,
    evals_per_epoch,
    max_steps,
    metric,
    name_of,
    optimizer,
    patience,
    precision,
    total_batch,
    warmup_ratio,
    warmup_steps,
)
from tunebook.tables.foreign.keys import Config, Key, Tool, nothing
from tunebook.tables.foreign.methods import (
    adapter,
    axolotl_job,
    bits,
    every_linear,
    method,
    neftune,
    targets,
    trained_too,
    weight_dtype,
)
from tunebook.tables.foreign.trainer import least_of_cosine, scheduler
from tunebook.tables.foreign.writing import preference_loss, strength, template


def trained(config: Config) -> str:
    """What of the model it trains: all of it unless the file names an adapter."""
    return name_of(config.get("adapter")) or "full"


def _kind(config: Config) -> str:
    return name_of(config.get("rl"))


KEYS: dict[str, Key] = {
    "base_model": Key("base_model"),
    "learning_rate": Key("learning_rate"),
    "micro_batch_size": Key("batch_size"),
    "gradient_accumulation_steps": Key("gradient_accumulation_steps"),
    "batch_size": Key("gradient_accumulation_steps", total_batch),
    "num_epochs": Key("max_epochs"),
    "max_steps": Key("max_steps", max_steps),
    "weight_decay": Key("weight_decay"),
    "warmup_ratio": Key("warmup_ratio", warmup_ratio),
    "warmup_steps": Key("warmup_steps", warmup_steps),
    "lr_scheduler": Key("lr_scheduler", scheduler),
    "lr_scheduler_kwargs": Key(why="importing.curve_options"),
    "cosine_min_lr_ratio": Key("lr_min_ratio", least_of_cosine),
    "optimizer": Key("optimizer", optimizer),
    "adam_beta1": Key(convert=adam(0.9)),
    "adam_beta2": Key(convert=adam(0.999)),
    "adam_epsilon": Key(convert=adam(1e-8)),
    "sequence_len": Key("max_length"),
    "max_grad_norm": Key("max_grad_norm"),
    "label_smoothing_factor": Key("label_smoothing"),
    "bf16": Key("precision", precision("auto")),
    "fp16": Key("precision", precision("auto")),
    "bfloat16": Key("precision", precision("auto")),
    "float16": Key("precision", precision("auto")),
    "float32": Key("precision", precision("auto")),
    "gradient_checkpointing": Key("gradient_checkpointing", checkpointing),
    "activation_checkpointing": Key("gradient_checkpointing", checkpointing),
    "group_by_length": Key("length_bucketing", by_length),
    "eval_steps": Key("eval_every", eval_steps("steps")),
    "eval_strategy": Key("eval_every", eval_strategy),
    "evals_per_epoch": Key("eval_every", evals_per_epoch),
    "early_stopping_patience": Key("early_stopping_patience", patience),
    "metric_for_best_model": Key("metric", metric),
    "seed": Key("seed"),
    "neftune_noise_alpha": Key("neftune.alpha", neftune),
    "noisy_embedding_alpha": Key("neftune.alpha", neftune),
    "adapter": Key("lora", method),
    "lora_r": Key("lora.rank", adapter("rank", trained)),
    "lora_alpha": Key("lora.alpha", adapter("alpha", trained)),
    "lora_dropout": Key("lora.dropout", adapter("dropout", trained)),
    "lora_target_modules": Key("lora.targets", targets(trained, "lora_target_linear")),
    "lora_target_linear": Key("lora.targets", every_linear(trained)),
    "lora_modules_to_save": Key(convert=trained_too),
    "peft_use_dora": Key("lora.decompose", adapter("decompose", trained)),
    "peft_use_rslora": Key("lora.rank_stabilized", adapter("rank_stabilized", trained)),
    "load_in_4bit": Key("lora.quantize", bits(trained, 4)),
    "load_in_8bit": Key("lora.quantize", bits(trained, 8)),
    "peft.weight_dtype": Key("lora.quantize", weight_dtype(trained)),
    "chat_template": Key("instruction.template", template),
    "rl": Key("preference.loss", preference_loss()),
    "rl_beta": Key("preference.beta", strength(_kind)),
    "dpo_beta": Key("preference.beta", strength(_kind)),
    "orpo_alpha": Key("preference.odds_weight"),
    "rpo_alpha": Key("preference.sft_weight"),
    "kto_desirable_weight": Key("preference.desirable_weight"),
    "kto_undesirable_weight": Key("preference.undesirable_weight"),
    "dpo_label_smoothing": Key("label_smoothing"),
    **nothing("by_parts", "peft"),
    **nothing("loading", "peft.backend peft.group_size"),
    **nothing("freeze_ratio", "unfrozen_parameters"),
    **nothing("lora_plus", "loraplus_lr_ratio loraplus_lr_embedding"),
    **nothing("adapter_start", "peft_init_lora_weights loftq_config peft.loftq_config"),
    **nothing("seed", "data_seed"),
    **nothing("always", "load_best_model_at_end greater_is_better save_safetensors"),
    **nothing("labels", "num_labels reward_model process_reward_model type_of_model"),
    **nothing("preference", "grpo center_rewards_coefficient"),
    **nothing("images", "freeze_mm_modules image_size image_resize_algorithm"),
    **nothing("teacher", "kd_trainer kd_ce_alpha kd_alpha kd_temperature kd_temperature_min kd_zscore_base_temp"),
    **nothing("teacher", "kd_top_k_before_softmax"),
    **nothing(
        "no_row",
        "lora_target_parameters lora_fan_in_fan_out peft_layers_pattern peft_layers_to_transform "
        "peft_layer_replication peft_trainable_token_indices peft_ensure_weight_tying peft_autocast_adapter_dtype "
        "embedding_lr embedding_lr_scale lr_groups lr_quadratic_warmup cosine_constant_lr_ratio lr_div_factor "
        "optim_args optim_target_modules adam_beta3 adam_epsilon2 loss_watchdog_threshold loss_watchdog_patience "
        "gradient_checkpointing_kwargs dataloader_drop_last strict",
    ),
    **nothing(
        "data",
        "datasets test_datasets val_set_size dataset_prepared_path shuffle_merged_datasets "
        "shuffle_before_merging_datasets dataset_shard_num dataset_shard_idx dataset_processes dataset_num_proc "
        "dataset_exact_deduplication dataset_keep_in_memory skip_prepare_dataset pretraining_dataset "
        "push_dataset_to_hub remove_unused_columns min_sample_len excess_length_strategy streaming "
        "streaming_multipack_buffer_size max_packed_sequence_len collator_pad_to_longest",
    ),
    **nothing(
        "prompting",
        "sample_packing sample_packing_group_size sample_packing_bin_size sample_packing_sequentially "
        "eval_sample_packing pad_to_sequence_len multipack_real_batches pretraining_sample_concatenation "
        "pretrain_multipack_buffer_size pretrain_multipack_attn batch_flattening curriculum_sampling "
        "train_on_inputs chat_template_jinja eot_tokens default_system_message roles_to_train "
        "train_on_eos eval_table_size eval_max_new_tokens do_causal_lm_eval eval_causal_lm_metrics do_bench_eval "
        "bench_dataset use_pose pose_split_on_token_ids pose_max_context_len pose_num_chunks fix_untrained_tokens",
    ),
    **nothing(
        "preference",
        "trl dpo_use_weighting dpo_use_logits_to_keep simpo_gamma cpo_alpha max_prompt_len",
    ),
    **nothing(
        "other_method",
        "relora relora_steps relora_prune_ratio relora_prune_method relora_cpu_offload lisa_n_layers "
        "lisa_step_interval lisa_layers_attribute qat quantization gptq gptq_groupsize gptq_model_v1 "
        "gptq_disable_exllama relora_warmup_steps relora_anneal_steps jagged_restart_steps "
        "jagged_restart_warmup_steps jagged_restart_anneal_steps spectrum_top_fraction spectrum_model_name "
        "llmcompressor diffusion llama4_linearize_experts quantize_moe_experts",
    ),
    **nothing(
        "loading",
        "base_model_config cls_model_config tokenizer_config tokenizer_use_fast tokenizer_legacy tokenizer_type "
        "tokenizer_use_mistral_common tokenizer_save_jinja_files model_type processor_type trust_remote_code "
        "revision_of_model special_tokens tokens added_tokens_overrides resize_token_embeddings_to_32x "
        "shrink_embeddings embeddings_skip_upcast mean_resizing_embeddings is_falcon_derived_model "
        "is_llama_derived_model is_mistral_derived_model is_qwen_derived_model overrides_of_model_config "
        "overrides_of_model_kwargs bnb_config_kwargs lora_model_dir lora_on_cpu qlora_sharded_model_loading "
        "low_cpu_mem_usage max_memory gpu_memory_limit plugins model_quantization_config model_config "
        "model_revision base_model_ignore_patterns adapter_model lora_out_dir experimental_skip_move_to_device",
    ),
    **nothing(
        "speed",
        "flash_attention sdp_attention xformers_attention flex_attention s2_attention eager_attention "
        "attn_implementation flash_attn_cross_entropy flash_attn_rms_norm flash_attn_fuse_qkv flash_attn_fuse_mlp "
        "flash_optimum tf32 fp8 torch_compile torch_compile_backend torch_compile_mode unsloth_cross_entropy_loss "
        "unsloth_lora_mlp unsloth_lora_qkv unsloth_lora_o lora_mlp_kernel lora_qkv_kernel lora_o_kernel liger_rope "
        "liger_cross_entropy liger_rms_norm liger_glu_activation liger_layer_norm liger_fused_linear_cross_entropy "
        "gc_steps activation_offloading cut_cross_entropy lora_embedding_kernel lora_kernels use_kernels "
        "scaling_softmax",
    ),
    **nothing(
        "machine",
        "deepspeed fsdp fsdp_config fsdp_version fsdp_final_state_dict_type ddp ddp_timeout ddp_bucket_cap_mb "
        "ddp_broadcast_buffers ddp_find_unused_parameters device device_map world_size local_rank "
        "accelerator_config dataloader_num_workers dataloader_pin_memory dataloader_prefetch_factor "
        "auto_find_batch_size sequence_parallel_degree context_parallel_size tensor_parallel_size heads_k_stride "
        "ring_attn_func use_ray ray_run_name ray_num_workers resources_per_worker torchdistx_path dp_shard_size "
        "dp_replicate_size expert_parallel_size",
    ),
    **nothing(
        "output",
        "output_dir logging_steps save_steps saves_per_epoch save_strategy save_total_limit save_only_model "
        "save_first_step use_tensorboard profiler_steps include_tokens_per_second include_tkps use_wandb wandb_name "
        "wandb_run_id wandb_mode wandb_project wandb_entity wandb_watch wandb_log_model use_mlflow "
        "mlflow_tracking_uri mlflow_experiment_name mlflow_run_name hf_mlflow_log_artifacts use_comet comet_api_key "
        "comet_workspace comet_project_name comet_experiment_key comet_mode comet_online debug use_trackio "
        "trackio_project_name use_swanlab swanlab_project use_otel_metrics otel_metrics_port",
    ),
    **nothing("hub", "hub_model_id hub_strategy hub_revision hf_use_auth_token"),
    **nothing("resume", "resume_from_checkpoint auto_resume_from_checkpoints"),
    **nothing("evaluation", "eval_batch_size"),
    **nothing(
        "serving", "merge_lora merge_method vllm gradio_title gradio_share gradio_server_name gradio_server_port"
    ),
}
TOOL = Tool("axolotl", "Axolotl", KEYS, trained, "adapter", axolotl_job)

__all__ = ["KEYS", "TOOL", "trained"]
