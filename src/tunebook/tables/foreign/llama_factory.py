"""Keys of LLaMA-Factory: transformers' and its own, and those of version 1, which nests what belongs together."""

from __future__ import annotations

from tunebook.tables.foreign.convert import checkpointing, name_of, no_checkpointing, patience, precision, total_batch
from tunebook.tables.foreign.keys import Config, Key, Tool, nothing
from tunebook.tables.foreign.methods import adapter, bits, llama_factory_job, method, rank, targets, trained_too
from tunebook.tables.foreign.trainer import KEYS as TRAINER
from tunebook.tables.foreign.writing import last_turn, preference_loss, stage, strength


def trained(config: Config) -> str:
    """What of the model it trains: unless the file says so, `lora`, and in version 1 all of it."""
    if "model" in config and "model_name_or_path" not in config:
        return name_of(config.get("peft_config.name")) or "full"
    return name_of(config.get("finetuning_type")) or "lora"


def _loss(config: Config) -> str:
    return "kto" if name_of(config.get("stage")) == "kto" else name_of(config.get("pref_loss")) or "sigmoid"


# Version 1, whose files name the model `model`.
_NESTED: dict[str, Key] = {
    "model": Key("base_model"),
    "micro_batch_size": Key("batch_size"),
    "global_batch_size": Key("gradient_accumulation_steps", total_batch),
    "enable_activation_checkpointing": Key("gradient_checkpointing", checkpointing),
    "peft_config.name": Key("lora", method),
    "peft_config.r": Key("lora.rank", rank(trained, lambda size: 16, "peft_config.lora_alpha")),
    "peft_config.lora_alpha": Key("lora.alpha", adapter("alpha", trained)),
    "peft_config.lora_dropout": Key("lora.dropout", adapter("dropout", trained)),
    "peft_config.target_modules": Key("lora.targets", targets(trained)),
    "peft_config.use_rslora": Key("lora.rank_stabilized", adapter("rank_stabilized", trained)),
    "peft_config.use_dora": Key("lora.decompose", adapter("decompose", trained)),
    "peft_config.modules_to_save": Key(convert=trained_too),
    "quant_config.quantization_bit": Key("lora.quantize", bits(trained)),
    **nothing("with_method", "peft_config.freeze_trainable_layers"),
    **nothing("freeze_ratio", "peft_config.freeze_trainable_modules peft_config.freeze_extra_modules"),
    **nothing(
        "loading", "quant_config.name peft_config.adapter_name_or_path peft_config.cast_trainable_params_to_fp32"
    ),
    **nothing("serving", "peft_config.export_dir peft_config.export_size peft_config.infer_dtype sample_backend"),
    **nothing("serving", "peft_config.export_legacy_format peft_config.export_hub_model_id"),
    **nothing("by_parts", "peft_config quant_config"),
    **nothing("prompting", "model_class custom_chat_template batching_strategy"),
    **nothing("data", "train_dataset"),
    **nothing("machine", "dist_config init_config"),
    **nothing("speed", "kernel_config"),
}


KEYS: dict[str, Key] = {
    **TRAINER,
    **_NESTED,
    "model_name_or_path": Key("base_model"),
    "cutoff_len": Key("max_length"),
    "pure_bf16": Key("precision", precision("fp32")),
    "disable_gradient_checkpointing": Key("gradient_checkpointing", no_checkpointing),
    "early_stopping_steps": Key("early_stopping_patience", patience),
    "finetuning_type": Key("lora", method),
    "lora_rank": Key("lora.rank", rank(trained, lambda size: 2 * size)),
    "lora_alpha": Key("lora.alpha", adapter("alpha", trained)),
    "lora_dropout": Key("lora.dropout", adapter("dropout", trained)),
    "lora_target": Key("lora.targets", targets(trained)),
    "additional_target": Key(convert=trained_too),
    "use_rslora": Key("lora.rank_stabilized", adapter("rank_stabilized", trained)),
    "use_dora": Key("lora.decompose", adapter("decompose", trained)),
    "quantization_bit": Key("lora.quantize", bits(trained)),
    "stage": Key(convert=stage),
    "mask_history": Key("instruction.learn", last_turn),
    "pref_loss": Key("preference.loss", preference_loss()),
    "pref_beta": Key("preference.beta", strength(_loss)),
    "pref_ftx": Key("preference.sft_weight"),
    "kto_chosen_weight": Key("preference.desirable_weight"),
    "kto_rejected_weight": Key("preference.undesirable_weight"),
    "dpo_label_smoothing": Key("label_smoothing"),
    **nothing("with_method", "freeze_trainable_layers num_layer_trainable"),
    **nothing("freeze_ratio", "freeze_trainable_modules name_module_trainable freeze_extra_modules"),
    **nothing("no_row", "create_new_adapter"),
    **nothing("lora_plus", "loraplus_lr_ratio loraplus_lr_embedding"),
    **nothing("adapter_start", "pissa_init pissa_iter pissa_convert"),
    **nothing("no_row", "train_from_scratch disable_shuffling"),
    **nothing(
        "data",
        "dataset eval_dataset dataset_dir media_dir streaming buffer_size mix_strategy interleave_probs "
        "overwrite_cache preprocessing_batch_size preprocessing_num_workers max_samples val_size "
        "eval_on_each_dataset tokenized_path data_shared_file_system",
    ),
    **nothing(
        "prompting",
        "template train_on_prompt packing neat_packing tool_format enable_thinking "
        "preserve_thinking default_system ignore_pad_token_for_loss eval_num_beams compute_accuracy do_sample "
        "temperature top_p top_k num_beams max_new_tokens repetition_penalty length_penalty skip_special_tokens "
        "use_dft_loss use_asft_loss asft_alpha use_eaft_loss eaft_alpha use_kv_cache",
    ),
    **nothing(
        "preference",
        "pref_bco_weight simpo_gamma ppo_buffer_size ppo_epochs ppo_score_norm ppo_target ppo_whiten_rewards ref_model "
        "ref_model_adapters ref_model_quantization_bit reward_model reward_model_adapters "
        "reward_model_quantization_bit reward_model_type ld_alpha",
    ),
    **nothing(
        "other_method",
        "module_dropout oft_rank oft_block_size oft_target use_galore galore_target galore_rank "
        "galore_update_interval galore_scale galore_proj_type galore_layerwise use_apollo apollo_target apollo_rank "
        "apollo_scale_type apollo_update_interval apollo_scale apollo_proj apollo_proj_type apollo_layerwise "
        "apollo_scale_front use_badam badam_mode badam_start_block badam_switch_mode badam_switch_interval "
        "badam_update_ratio badam_mask_mode badam_verbose use_llama_pro use_adam_mini use_muon use_mca "
        "mixture_of_depths moe_aux_loss_coef shift_attn",
    ),
    **nothing(
        "loading",
        "adapter_name_or_path adapter_folder cache_dir use_fast_tokenizer resize_vocab split_special_tokens "
        "add_tokens add_special_tokens new_special_tokens_config init_special_tokens model_revision "
        "low_cpu_mem_usage rope_scaling trust_remote_code quantization_method quantization_type double_quantization "
        "quantization_device_map upcast_layernorm upcast_lmhead_output offload_folder print_param_status "
        "compute_dtype device_map model_max_length block_diag_attn",
    ),
    **nothing(
        "speed",
        "flash_attn use_unsloth use_unsloth_gc enable_liger_kernel use_reentrant_gc use_v1_kernels fp8 fp8_backend "
        "fp8_enable_fsdp_float8_all_gather",
    ),
    **nothing(
        "output",
        "plot_loss include_effective_tokens_per_second use_swanlab swanlab_project swanlab_workspace "
        "swanlab_run_name swanlab_mode swanlab_api_key swanlab_logdir swanlab_lark_webhook_url swanlab_lark_secret "
        "save_dir",
    ),
    **nothing("hub", "hf_hub_token ms_hub_token om_hub_token"),
    **nothing(
        "images",
        "image_max_pixels image_min_pixels image_do_pan_and_scan crop_to_patches video_max_pixels video_min_pixels "
        "video_fps video_maxlen use_audio_in_video audio_sampling_rate freeze_vision_tower "
        "freeze_multi_modal_projector freeze_language_model",
    ),
    **nothing(
        "serving",
        "infer_backend infer_dtype vllm_maxlen vllm_gpu_util vllm_enforce_eager vllm_max_lora_rank vllm_config "
        "sglang_maxlen sglang_mem_fraction sglang_tp_size sglang_config sglang_lora_backend export_dir export_size "
        "export_device export_quantization_bit export_quantization_dataset export_quantization_nsamples "
        "export_quantization_maxlen export_legacy_format export_hub_model_id",
    ),
    **nothing(
        "machine",
        "ray_run_name ray_storage_path ray_storage_filesystem ray_num_workers resources_per_worker "
        "placement_strategy ray_init_kwargs use_kt kt_optimize_rule cpu_infer chunk_size mode kt_maxlen "
        "kt_use_cuda_graph kt_mode kt_force_think",
    ),
}
TOOL = Tool("llama-factory", "LLaMA-Factory", KEYS, trained, "finetuning_type", llama_factory_job)

__all__ = ["KEYS", "TOOL", "trained"]
