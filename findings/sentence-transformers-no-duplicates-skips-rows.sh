#!/usr/bin/env bash
# What:    With `batch_sampler=BatchSamplers.NO_DUPLICATES`, SentenceTransformerTrainer trains on 80 of 640 pairs and says
#          that one epoch is done. The pairs have eight answers between them, so no batch of 64 can hold more than eight
#          pairs. The sampler gives all pairs, in 80 small batches, but tells the length 640 / 64 = 10; the Trainer of
#          transformers stops an epoch at the length that it was told. No line is logged: the sampler warns only where it
#          gives fewer batches than it told, and for this case says that more are legitimate.
# Version: sentence-transformers 6.2.0, transformers 5.23.0, accelerate 1.15.0, datasets 5.2.0, torch 2.13.0
# Why:     the sampler is what the documentation asks for with in-batch negatives. Where many queries share an answer
#          (support desks, intents, titles of products) most of the data is never trained on, `state.epoch` is 1.0, and
#          train_samples_per_second counts the rows that were left out. Equal texts are masked in the loss here instead,
#          so batches stay whole.
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
import sys
from pathlib import Path
import sentence_transformers, transformers
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.training_args import BatchSamplers
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast

ROWS, ANSWERS, BATCH = 640, 8, 64
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{number}" for number in range(ROWS + ANSWERS))]
base = Path("base")
base.mkdir()
(base / "vocab.txt").write_text("\n".join(words))
BertTokenizerFast(str(base / "vocab.txt")).save_pretrained(base)
BertModel(BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                     intermediate_size=16)).save_pretrained(base)
model = SentenceTransformer(modules=[Transformer("base"), Pooling(16)], device="cpu")
seen = []

class Watched(MultipleNegativesRankingLoss):
    def forward(self, sentence_features, labels):
        sentence_features = list(sentence_features)
        seen.append(sentence_features[0]["input_ids"][:, 1].tolist())
        return super().forward(sentence_features, labels)

class Heard(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())

lines = []
for name in ("sentence_transformers", "transformers", "accelerate"):
    logging.getLogger(name).addHandler(Heard(logging.WARNING))
rows = Dataset.from_dict({"question": words[5:5 + ROWS], "answer": [words[5 + ROWS + one % ANSWERS] for one in range(ROWS)]})
args = SentenceTransformerTrainingArguments("out", num_train_epochs=1, per_device_train_batch_size=BATCH,
    batch_sampler=BatchSamplers.NO_DUPLICATES, report_to=[], use_cpu=True, disable_tqdm=True, save_strategy="no")
trainer = SentenceTransformerTrainer(model=model, args=args, train_dataset=rows, loss=Watched(model))
result = trainer.train()
loader = trainer.get_train_dataloader()
trained = len({token for batch in seen for token in batch})
said = [line for line in lines if "uplicate" in line or "batches" in line]
print("sentence-transformers", sentence_transformers.__version__, "transformers", transformers.__version__)
print("rows", ROWS, "- trained on", trained, "- epoch", trainer.state.epoch, "- batches told", len(loader), "given", sum(1 for _ in loader))
print("rows by its own speed", round(result.metrics["train_samples_per_second"] * result.metrics["train_runtime"]), "- said:", said or "nothing")
sys.exit(0 if trained == 80 and trainer.state.epoch == 1 and not said else 1)
PYTHON
