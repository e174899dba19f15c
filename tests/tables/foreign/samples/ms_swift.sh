#!/bin/bash
# Fine-tune a classifier; don't run it on a shared machine.
MODEL=AI-ModelScope/bert-base-chinese
export LR=1e-4
CUDA_VISIBLE_DEVICES=0 \
swift sft \
    --model $MODEL \
    --tuner_type lora \
    --dataset 'DAMO_NLP/jd:cls#2000' swift/other#10 \
    --split_dataset_ratio 0.01 \
    --torch_dtype bfloat16 \
    --num_train_epochs 1 \
    --per-device-train-batch-size ${BATCH:-16} \
    --per_device_eval_batch_size 1 \
    --learning_rate=${LR} \
    --lora_rank 8 \
    --lora_alpha 32 \
    --target_modules all-linear \
    --gradient_accumulation_steps 2 \
    --eval_steps 50 \
    --save_steps 50 \
    --logging_steps 5 \
    --max_length 512 \
    --truncation_strategy right \
    --output_dir output \
    --warmup_ratio 0.05 \
    --num_labels 2 \
    --group_by_length \
    --task_type seq_cls 2>&1 | tee train.log
echo "done"
