"""The rows of a table that say how a model is trained, and that a plan keeps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tunebook.core.params import Params, Row, Search


class Training(Params):
    """What a model is trained with, whatever it is."""

    learning_rate: Annotated[
        float,
        Field(gt=0, le=1),
        Row(
            "peak step size of the optimiser",
            zh="优化器的峰值学习率",
            aliases=("lr",),
            search=Search(1e-6, 1e-3, log=True),
        ),
    ] = 5e-5
    batch_size: Annotated[
        int,
        Field(ge=1, le=65536),
        Row(
            "rows in one forward pass; several processes share the rows of a step, they do not add to them",
            zh="一次前向计算的样本数；多个进程分担每步的样本，不会增加其数量",
            unit="rows",
            aliases=("per_device_train_batch_size", "train_batch_size", "micro_batch_size", "per_gpu_train_batch_size"),
            search=Search(8, 64, log=True),
        ),
    ] = 32
    gradient_accumulation_steps: Annotated[
        int,
        Field(ge=1, le=4096),
        Row(
            "forward passes added up before one optimiser step",
            zh="一次参数更新前累积的前向次数",
            unit="passes",
            aliases=("grad_accum", "accumulation_steps"),
        ),
    ] = 1
    max_epochs: Annotated[
        int,
        Field(ge=1, le=1000),
        Row(
            "passes over the training rows at most",
            zh="训练数据最多遍历的轮数",
            unit="epochs",
            aliases=("num_train_epochs", "epochs", "num_epochs", "n_epochs"),
            search=Search(1, 10),
        ),
    ] = 3
    max_steps: Annotated[
        int | None,
        Field(ge=1),
        Row("optimiser steps at most, whatever max_epochs says", zh="最多更新步数，优先于 max_epochs", unit="steps"),
    ] = None
    weight_decay: Annotated[
        float,
        Field(ge=0, le=1),
        Row(
            "decoupled weight decay; biases and norms are left out",
            zh="解耦权重衰减；偏置与归一化层除外",
            aliases=("wd",),
            search=Search(1e-4, 0.3, log=True),
        ),
    ] = 0.01
    warmup_ratio: Annotated[
        float,
        Field(ge=0, lt=1),
        Row(
            "share of the steps in which the rate rises from 0",
            zh="学习率从 0 升到峰值所占步数的比例",
            aliases=("warmup_proportion", "warmup_share"),
            search=Search(0, 0.3),
        ),
    ] = 0.1
    warmup_steps: Annotated[
        int | None,
        Field(ge=0),
        Row(
            "steps in which the rate rises, instead of warmup_ratio",
            zh="预热步数，代替 warmup_ratio",
            unit="steps",
            aliases=("num_warmup_steps",),
        ),
    ] = None
    lr_scheduler: Annotated[
        Literal["linear", "cosine", "constant", "cosine_with_restarts", "polynomial", "wsd", "plateau"],
        Row(
            "shape of the rate after warm-up; wsd stays at the peak and falls in the end, plateau falls whenever looks "
            "get no better and has no warm-up",
            zh="预热之后学习率的曲线；wsd 先保持峰值、最后下降，plateau 在验证指标无提升时下降且不预热",
            aliases=("lr_scheduler_type", "scheduler", "schedule"),
        ),
    ] = "linear"
    lr_min_ratio: Annotated[
        float | None,
        Field(ge=0, lt=1),
        Row(
            "rate at the end as a share of the peak, for linear, cosine, polynomial and wsd; none is 0",
            zh="结束时学习率占峰值的比例，用于 linear、cosine、polynomial 和 wsd；none 即 0",
            aliases=("min_lr_ratio", "min_lr_rate", "cosine_min_lr_ratio"),
        ),
    ] = None
    lr_cycles: Annotated[
        int | None,
        Field(ge=1, le=1000),
        Row(
            "times that cosine_with_restarts falls from the peak to 0; none is 2",
            zh="cosine_with_restarts 从峰值降到 0 的次数；none 即 2",
            unit="cycles",
            aliases=("num_cycles",),
        ),
    ] = None
    lr_power: Annotated[
        float | None,
        Field(gt=0, le=10),
        Row("power of polynomial: 1 is a line; none is 2", zh="polynomial 的幂次，1 为直线；none 即 2"),
    ] = None
    lr_decay_ratio: Annotated[
        float | None,
        Field(gt=0, le=1),
        Row(
            "share of the steps in which wsd falls at the end; none is 0.2",
            zh="wsd 最后下降阶段占总步数的比例；none 即 0.2",
            aliases=("decay_ratio",),
        ),
    ] = None
    lr_patience: Annotated[
        int | None,
        Field(ge=1),
        Row(
            "looks without a better score before plateau cuts the rate; none is 1",
            zh="plateau 在验证指标连续多少次无提升后降低学习率；none 即 1",
            unit="looks",
        ),
    ] = None
    lr_factor: Annotated[
        float | None,
        Field(gt=0, lt=1),
        Row("what plateau multiplies the rate by; none is 0.5", zh="plateau 每次降低学习率所乘的系数；none 即 0.5"),
    ] = None
    optimizer: Annotated[
        Literal["adamw", "sgd", "adafactor"],
        Row("optimiser", zh="优化器", aliases=("optim", "optimiser")),
    ] = "adamw"
    max_length: Annotated[
        int | None,
        Field(ge=4, le=131072),
        Row(
            "tokens read at once: longer rows are cut, named entities read in windows; none takes the 99th percentile",
            zh="一次读取的词元数：超出部分截去，命名实体分窗口读完；none 表示取数据的 99 分位",
            unit="tokens",
            aliases=("max_seq_length", "max_seq_len", "cutoff_len", "model_max_length", "sequence_len"),
        ),
    ] = None
    dropout: Annotated[
        float | None,
        Field(ge=0, lt=1),
        Row(
            "dropout of hidden layers; none keeps the model's own",
            zh="隐藏层的 dropout；none 表示沿用模型设置",
            aliases=("hidden_dropout", "hidden_dropout_prob"),
            search=Search(0, 0.3),
        ),
    ] = None
    attention_dropout: Annotated[
        float | None,
        Field(ge=0, lt=1),
        Row(
            "dropout of attention weights; none keeps the model's own",
            zh="注意力权重的 dropout；none 表示沿用模型设置",
            aliases=("attention_probs_dropout_prob",),
            search=Search(0, 0.3),
        ),
    ] = None
    classifier_dropout: Annotated[
        float | None,
        Field(ge=0, lt=1),
        Row(
            "dropout before the head; none keeps the model's own",
            zh="分类头之前的 dropout；none 表示沿用模型设置",
            aliases=("head_dropout",),
            search=Search(0, 0.5),
        ),
    ] = None
    label_smoothing: Annotated[
        float,
        Field(ge=0, lt=1),
        Row(
            "share of the target spread over all classes",
            zh="分给所有类别的标签平滑比例",
            aliases=("label_smoothing_factor",),
            search=Search(0, 0.2),
        ),
    ] = 0.0
    class_weights: Annotated[
        Literal["none", "balanced", "sqrt"],
        Row(
            "weight of each class in the loss: equal, inverse of its share, or the root of that",
            zh="各类别在损失中的权重：相等、频率倒数或其平方根",
            aliases=("class_weight",),
        ),
    ] = "none"
    max_grad_norm: Annotated[
        float,
        Field(ge=0),
        Row(
            "largest length of the gradient; 0 switches clipping off",
            zh="梯度的最大范数；0 表示不裁剪",
            aliases=("gradient_clipping", "clip_grad_norm", "gradient_clip_val"),
        ),
    ] = 1.0
    eval_every: Annotated[
        int | None,
        Field(ge=1),
        Row(
            "steps between looks at the validation rows; none looks after every epoch",
            zh="两次验证之间的步数；none 表示每轮一次",
            unit="steps",
            aliases=("eval_steps", "evaluation_steps"),
        ),
    ] = None
    early_stopping_patience: Annotated[
        int | None,
        Field(ge=1),
        Row(
            "looks without a better score before training stops; none never stops early",
            zh="验证指标连续多少次无提升后停止；none 表示不早停",
            unit="looks",
            aliases=("patience",),
        ),
    ] = 3
    metric: Annotated[
        str,
        Row(
            "score that chooses the best checkpoint; auto takes the task's headline metric",
            zh="用来选择最佳检查点的指标；auto 表示任务的主指标",
            aliases=("metric_for_best_model", "key_metric"),
        ),
    ] = "auto"
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"],
        Row(
            "arithmetic of training; auto measures and takes the fastest that is safe",
            zh="训练的数值精度；auto 会实测并选择最快且安全的一种",
            aliases=("mixed_precision", "torch_dtype"),
        ),
    ] = "auto"
    length_bucketing: Annotated[
        Literal["auto", "on", "off"],
        Row(
            "batches of rows of like length; auto leaves it off where length gives the label away, or where rows of a "
            "batch are held against each other",
            zh="把长度相近的样本放在一批；若长度泄露标签，或一批中的样本要互相比较，auto 会关闭",
            aliases=("group_by_length",),
        ),
    ] = "auto"
    packing: Annotated[
        Literal["auto", "off"],
        Row(
            "rows of a language model in one line without padding, none sees another; auto where answers stay the same",
            zh="语言模型的样本首尾相接、不加填充，互不可见；auto 先验证答案不变",
        ),
    ] = "auto"
    tokens_at_once: Annotated[
        int | None,
        Field(ge=1),
        Row(
            "tokens of one forward pass at most, with padding: one of more is parted within its step; none: no limit",
            zh="一次前向计算最多的词元数，含填充：超出时在同一步内分几次计算；none 表示不限",
            unit="tokens",
        ),
    ] = None
    gradient_checkpointing: Annotated[
        bool,
        Row("recompute activations to save memory, about a third slower", zh="重算激活以节省显存，速度约慢三分之一"),
    ] = False
    max_trained_share: Annotated[
        float | None,
        Field(gt=0, le=1),
        Row(
            "share of the parameters that may be trained at most; a plan that trains more is refused",
            zh="最多允许训练的参数比例；超出的计划会被拒绝",
        ),
    ] = None
    seed: Annotated[
        int,
        Field(ge=0, lt=2**32),
        Row("start of every random draw", zh="随机种子", aliases=("random_seed", "random_state")),
    ] = 42


__all__ = ["Training"]
