"""Examples of commands, for their help; a name in braces is a text in the reader's language, cli.example.NAME."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": ("tunebook demo", "tunebook init book --data reviews.csv", "tunebook train book"),
    "demo": ("tunebook demo",),
    "init": (
        "tunebook init book --data reviews.csv",
        "tunebook init book --data train.csv --test test.csv --text title --label topic",
        "tunebook init book --data sample:en",
    ),
    "bases": ("tunebook bases book", "tunebook bases book --model builtin:multilingual --model bert-base-chinese"),
    "check": ("tunebook check book", "tunebook check book --table v2 --set batch_size=16"),
    "train": (
        "tunebook train book",
        "tunebook train book --table v2 --set learning_rate=5e-5 --set max_epochs=4",
        "tunebook train book --dry-run",
    ),
    "eval": ("tunebook eval book", "tunebook eval book --split validation"),
    "predict": (
        'tunebook predict book "{parcel}"',
        "tunebook predict book --file new.csv --out answers.csv",
    ),
    "chat": ("tunebook chat book", "tunebook chat book --system '{kind}' --temperature 0.7 --seed 1"),
    "rerank": (
        "tunebook rerank book '{query}' passages.txt --top-k 5",
        "tunebook rerank book --first bm25 --depth 50",
    ),
    "stages": ("tunebook stages book", "tunebook stages book --set pretrain.file=raw.txt"),
    "mine": (
        "tunebook mine book --into mined.jsonl",
        "tunebook mine pairs.jsonl --into mined.jsonl --ranks 5-50 --negatives 4",
        "tunebook mine book --into scored.jsonl --scores reranker",
    ),
    "embed": ("tunebook embed book passages.csv --into vectors.parquet --text body",),
    "search": ('tunebook search book vectors.parquet "{parcel}"',),
    "errors": ("tunebook errors book", "tunebook errors book --run RUN --split validation"),
    "correct": (
        "tunebook correct book suspects.csv --column suggestion --dry-run",
        "tunebook correct book put-right.csv",
    ),
    "calibrate": (
        "tunebook calibrate book",
        "tunebook calibrate book --precision 0.95",
        "tunebook calibrate book --accuracy 0.95",
    ),
    "challenge": (
        "tunebook challenge book",
        "tunebook challenge book --only typos,casing --set typos.share=0.3",
        "tunebook challenge book --rows hard.csv --sentiment positive=1 --sentiment negative=0",
        "tunebook challenge book --freeze base --gate",
    ),
    "explain": (
        'tunebook explain book "{parcel}"',
        "tunebook explain book --errors 20 --png errors.png",
        "tunebook explain book --faithful 100",
    ),
    "review": (
        "tunebook review book --format schema.json",
        "tunebook review book --judge http://localhost:8000/v1=MODEL --against lead",
    ),
    "rate": (
        "tunebook rate book new --runs v1,v2 --raters ann,bo",
        "tunebook rate book next --rater ann",
        "tunebook rate book result",
    ),
    "monitor": ("tunebook monitor book", "tunebook monitor book --hours 1 --every 60"),
    "drift": (
        "tunebook drift book",
        "tunebook drift book --rows new.csv --window 200",
        "tunebook drift book --ack",
    ),
    "export": ("tunebook export book", "tunebook export book/runs/RUN --to hf --into plain"),
    "merge": ("tunebook merge book/runs/RUN --into merged",),
    "soup": ("tunebook soup book", "tunebook soup book RUN RUN RUN --method uniform"),
    "ab": (
        "tunebook ab book v1 v2",
        "tunebook ab book v1 v2 --seeds 10 --delta 1pt --guard time=20% --effects",
        "tunebook ab book v1 v2 --challenge hard.csv --prices prices.toml --promote",
    ),
    "auto": ("tunebook auto book --minutes 30", "tunebook auto book --minutes 60 --try 10"),
    "curve": (
        "tunebook curve book --dry-run",
        "tunebook curve book --target 0.9 --budget 60",
        "tunebook curve book --frozen --sizes 0.05,0.1,0.2,0.5,1",
        "tunebook curve book --next unlabelled.csv --rows 100 --by badge --into next.csv",
    ),
    "retrain": (
        "tunebook retrain book --new december.csv --dry-run",
        "tunebook retrain book --from-log --if-needed",
        "tunebook retrain book --from-log --when quarterly --print-cron",
    ),
    "requests": ("tunebook requests show book", "tunebook requests feedback book labels.csv"),
    "requests show": ("tunebook requests show book", "tunebook requests show book --since 2h --last 50"),
    "requests export": ("tunebook requests export book --since 2026-12-01 --out requests",),
    "requests feedback": ("tunebook requests feedback book labels.csv",),
    "table": ("tunebook table show book", "tunebook table set book learning_rate=5e-5 --note '{note}'"),
    "table recommend": (
        "tunebook table recommend book",
        "tunebook table recommend book --for memory=2GB --scale-rate sqrt",
        "tunebook table recommend book --edge --dry-run",
    ),
    "techniques": ("tunebook techniques", "tunebook techniques layer_decay"),
    "table set": ("tunebook table set book learning_rate=5e-5 batch_size=16 --note '{note}'",),
    "table diff": ("tunebook table diff book v1 v2", "tunebook table diff book champion table.xlsx --html diff.html"),
    "import-config": (
        "tunebook import-config llama3_lora_sft.yaml --out table.yaml",
        "tunebook import-config train.sh --book book",
    ),
    "table import": ("tunebook table import book table.xlsx",),
    "table export": ("tunebook table export book table.xlsx --table v2",),
    "table log": ("tunebook table log book", "tunebook table log book --verify"),
    "table history": ("tunebook table history book", "tunebook table history book --out changes.html"),
    "completion": ("tunebook completion bash", "tunebook completion zsh"),
    "find": ("tunebook find rate book", "tunebook find batch book"),
    "find rate": ("tunebook find rate book", "tunebook find rate book --set optimizer=sgd --low 1e-4 --steps 150"),
    "find batch": ("tunebook find batch book", "tunebook find batch book --set max_length=256"),
    "promote": (
        "tunebook promote book v2 --reason '{proven}'",
        "tunebook promote book v2 --force --reason '{agreed}'",
    ),
    "rollback": ("tunebook rollback book --reason '{slow}'", "tunebook rollback book --to v1 --reason '{wrong}'"),
    "serve": (
        "tunebook serve book",
        "tunebook serve book --host 0.0.0.0 --port 8080 --prefix /nlp --api-key-file keys.txt --workers 2",
    ),
    "ui": ("tunebook ui", "tunebook ui book books-of-others --port 8600 --read-only"),
    "rollout": ("tunebook rollout start book champion", "tunebook rollout status book"),
    "rollout start": (
        "tunebook rollout start book champion",
        "tunebook rollout start book RUN --stages 0,10,50,100 --min-requests 500 --metric bought",
    ),
    "rollout status": ("tunebook rollout status book", "tunebook rollout status book --html rollout.html"),
    "rollout next": ("tunebook rollout next book --reason '{agreed}'",),
    "rollout finish": ("tunebook rollout finish book --reason '{agreed}'",),
    "rollout abort": ("tunebook rollout abort book --reason '{wrong}'",),
    "rollout back": ("tunebook rollout back book --reason '{wrong}'",),
    "knowledge": ("tunebook knowledge search '{found}'", "tunebook knowledge effects learning_rate"),
    "knowledge index": ("tunebook knowledge index book other-book",),
    "knowledge search": (
        "tunebook knowledge search '{found_more}'",
        "tunebook knowledge search --language zh --rows 100-2000 --row learning_rate",
    ),
    "knowledge effects": ("tunebook knowledge effects learning_rate", "tunebook knowledge effects fgm --language zh"),
    "knowledge export": ("tunebook knowledge export lessons.jsonl",),
    "knowledge import": ("tunebook knowledge import lessons.jsonl",),
    "table search": (
        "tunebook table search book --runs 20",
        "tunebook table search book --rows learning_rate,batch_size --range learning_rate=1e-5..1e-4 --minutes 30",
    ),
}

__all__ = ["EXAMPLES"]
