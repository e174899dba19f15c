#!/usr/bin/env bash
# What:    `train_sampling_strategy="group_by_length"` has no effect in SentenceTransformerTrainer, and no line says so: the
#          batches are those of "random", row for row, with the same padding. The argument is inherited from the Trainer
#          of transformers, which reads it in a method that the trainer of sentence-transformers does not call; "sequential"
#          shuffles just the same. In transformers' own Trainer the same rows lose most of their padding.
# Version: sentence-transformers 6.2.0, transformers 5.23.0, accelerate 1.15.0, datasets 5.2.0, torch 2.13.0
# Why:     whoever compares speeds "with length grouping", or counts on the order of a curriculum, compares the default.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check sentence-transformers==6.2.0 transformers==5.23.0 \
    accelerate==1.15.0 datasets==5.2.0
cd "$place"
"$place/venv/bin/python" - <<'PYTHON'
import logging
import random
import sys
from pathlib import Path
import sentence_transformers, torch, transformers
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import (BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast, DataCollatorWithPadding,
                          Trainer, TrainingArguments)

ROWS, BATCH = 512, 16
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{number}" for number in range(ROWS))]
base = Path("base")
base.mkdir()
(base / "vocab.txt").write_text("\n".join(words))
tokenizer = BertTokenizerFast(str(base / "vocab.txt"))
tokenizer.save_pretrained(base)
config = BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
BertModel(config).save_pretrained(base)
draw = random.Random(0)
texts = [" ".join([f"w{number}", *["w0"] * draw.randrange(1, 120)]) for number in range(ROWS)]
lines = []

class Heard(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())

for name in ("sentence_transformers", "transformers"):
    logging.getLogger(name).addHandler(Heard(logging.WARNING))

def padding(shapes, tokens):
    return 1 - tokens / sum(rows * length for rows, length in shapes)

def sentences(strategy):
    model = SentenceTransformer(modules=[Transformer("base"), Pooling(16)], device="cpu")
    seen = []
    class Watched(MultipleNegativesRankingLoss):
        def forward(self, sentence_features, labels):
            sentence_features = list(sentence_features)
            seen.append(sentence_features[0]["input_ids"])
            return super().forward(sentence_features, labels)
    args = SentenceTransformerTrainingArguments("out", num_train_epochs=1, per_device_train_batch_size=BATCH, report_to=[],
        use_cpu=True, disable_tqdm=True, save_strategy="no", train_sampling_strategy=strategy)
    rows = Dataset.from_dict({"a": texts, "b": [f"w{(one + 1) % ROWS}" for one in range(ROWS)]})
    SentenceTransformerTrainer(model=model, args=args, train_dataset=rows, loss=Watched(model)).train()
    return [batch[:, 1].tolist() for batch in seen], padding([batch.shape for batch in seen], sum(int((batch != 0).sum()) for batch in seen))

def plain(strategy):
    rows = [{**tokenizer(text), "labels": 0} for text in texts]
    shapes, tokens = [], []
    collate = DataCollatorWithPadding(tokenizer)
    def watched(some):
        batch = collate(some)
        shapes.append(batch["input_ids"].shape)
        tokens.append(int(batch["attention_mask"].sum()))
        return batch
    args = TrainingArguments("out", num_train_epochs=1, per_device_train_batch_size=BATCH, report_to=[], use_cpu=True,
        disable_tqdm=True, save_strategy="no", train_sampling_strategy=strategy)
    Trainer(model=BertForSequenceClassification(config), args=args, train_dataset=rows, data_collator=watched).train()
    return padding(shapes, sum(tokens))

order = {name: sentences(name) for name in ("random", "group_by_length", "sequential")}
share = {name: plain(name) for name in ("random", "group_by_length")}
said = [line for line in lines if "sampling" in line or "length" in line]
print("sentence-transformers", sentence_transformers.__version__, "transformers", transformers.__version__)
for name, (rows, part) in order.items():
    print(f"sentence-transformers, {name}: padding {part:.2f}, the batches of random:", rows == order["random"][0])
for name, part in share.items():
    print(f"transformers' Trainer, {name}: padding {part:.2f}")
print("said:", said or "nothing")
same = all(rows == order["random"][0] for rows, part in order.values())
sys.exit(0 if same and share["group_by_length"] < share["random"] / 2 and not said else 1)
PYTHON
