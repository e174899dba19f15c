"""Keys of transformers' and TRL's own programs (run_glue.py, `trl sft`), which take TrainingArguments and more."""

from __future__ import annotations

from tunebook.tables.foreign.convert import number_format, truth
from tunebook.tables.foreign.keys import Config, Key, Tool, nothing
from tunebook.tables.foreign.methods import adapter, bits, rank, switched, targets, trained_too, trainer_job
from tunebook.tables.foreign.trainer import KEYS as TRAINER
from tunebook.tables.foreign.writing import SEQ2SEQ, pair_loss


def trained(config: Config) -> str:
    """What of the model it trains: TRL says it, TrainingArguments alone do not."""
    if "use_peft" not in config:
        return ""
    return "lora" if truth(config["use_peft"]) else "full"


KEYS: dict[str, Key] = {
    **TRAINER,
    **SEQ2SEQ,
    "loss_type": Key("preference.loss", pair_loss),
    "rpo_alpha": Key("preference.sft_weight"),
    "desirable_weight": Key("preference.desirable_weight"),
    "undesirable_weight": Key("preference.undesirable_weight"),
    "label_smoothing": Key("label_smoothing"),
    "model_name_or_path": Key("base_model"),
    "max_length": Key("max_length"),
    "max_seq_length": Key("max_length"),
    "dtype": Key("precision", number_format),
    "torch_dtype": Key("precision", number_format),
    "use_peft": Key("lora", switched),
    "lora_r": Key("lora.rank", rank(trained, lambda size: 32)),
    "lora_alpha": Key("lora.alpha", adapter("alpha", trained)),
    "lora_dropout": Key("lora.dropout", adapter("dropout", trained)),
    "lora_target_modules": Key("lora.targets", targets(trained)),
    "lora_modules_to_save": Key(convert=trained_too),
    "use_dora": Key("lora.decompose", adapter("decompose", trained)),
    "use_rslora": Key("lora.rank_stabilized", adapter("rank_stabilized", trained)),
    "load_in_4bit": Key("lora.quantize", bits(trained, 4)),
    "load_in_8bit": Key("lora.quantize", bits(trained, 8)),
    **nothing("no_row", "lora_target_parameters"),
    **nothing(
        "labels", "do_regression lora_task_type problem_type text_column_names text_column_name label_column_name"
    ),
    **nothing(
        "data",
        "dataset_name dataset_config dataset_config_name dataset_train_split dataset_test_split dataset_streaming "
        "language train_language no_remove_unused_columns datasets dataset_num_proc dataset_kwargs task_name "
        "train_file validation_file test_file data_dir max_train_samples max_eval_samples max_predict_samples "
        "overwrite_cache preprocessing_num_workers pad_to_max_length shuffle_train_dataset shuffle_seed "
        "shuffle_dataset metric_name remove_splits train_split_name validation_split_name test_split_name "
        "text_column_delimiter streaming test_split_size truncation_mode",
    ),
    **nothing(
        "prompting",
        "packing packing_strategy eval_packing padding_free pad_to_multiple_of dataset_text_field eos_token "
        "pad_token chat_template_path assistant_only_loss completion_only_loss dataset_batch_size "
        "num_of_sequences chars_per_token activation_offloading max_new_tokens temperature top_k top_p min_p",
    ),
    **nothing(
        "preference",
        "beta max_prompt_length max_completion_length label_pad_token_id padding_value "
        "reference_free precompute_ref_log_probs disable_dropout generate_during_eval sync_ref_model "
        "ref_model_mixup_alpha ref_model_sync_steps f_divergence_type num_generations reward_funcs "
        "reward_model_path reward_model_name_or_path log_completions reward_weights center_rewards_coefficient "
        "use_vllm vllm_mode epsilon num_iterations scale_rewards",
    ),
    **nothing(
        "loading",
        "model_revision model_init_kwargs trust_remote_code attn_implementation use_fast_tokenizer tokenizer_name "
        "config_name cache_dir token use_auth_token ignore_mismatched_sizes do_lower_case model_type "
        "bnb_4bit_quant_type use_bnb_nested_quant bnb_4bit_quant_storage use_flash_attention_2 low_cpu_mem_usage "
        "config dataset_format",
    ),
    **nothing("machine", "gradient_checkpointing_use_reentrant ignore_bias_buffers"),
}
TOOL = Tool("transformers", "transformers / TRL", KEYS, trained, "use_peft", trainer_job)

__all__ = ["KEYS", "TOOL", "trained"]
