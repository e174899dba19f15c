# Tunebook: `make demo` shows it, `make test` proves it. Both set up .venv first.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO ?= demo/book
CLAIM ?=
# The base model that reads Chinese: 91 MB that an English demo does not wait for.
MULTILINGUAL := $(VENV)/.multilingual
# A real Triton server for its tests: an environment of its own, for its Python backend needs an older numpy.
TRITON ?= .triton
LOCALE := $(firstword $(TUNEBOOK_LANG) $(LC_ALL) $(LC_MESSAGES) $(LANG))

# A module is compiled when it is first imported, not all of those that nobody imports.
PIP = python -m pip install --quiet --disable-pip-version-check --no-compile

export TOKENIZERS_PARALLELISM = false
export TUNEBOOK_TRITON ?= $(if $(wildcard $(TRITON)/.ready),$(abspath $(TRITON)))
# Tests start many commands: each keeps what it has compiled, whatever is set outside.
export PYTHONDONTWRITEBYTECODE =

.PHONY: install triton demo demo-zh test check check-all types pages bench docs site clean

install: $(READY)

# torch first and by its exact version, so that nothing else chooses another build of it.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) torch==2.13.0
	$(BIN)/$(PIP) --constraint constraints.txt --editable '.[demo,dev]'
	touch $(READY)

$(MULTILINGUAL): $(READY)
	$(BIN)/$(PIP) --constraint constraints.txt --editable '.[multilingual]'
	touch $(MULTILINGUAL)

triton: $(TRITON)/.ready

$(TRITON)/.ready:
	$(PYTHON) -m venv $(TRITON)
	$(TRITON)/bin/$(PIP) nvidia-pytriton==0.7.0 numpy==1.26.4 onnxruntime==1.31.1 tokenizers
	touch $(TRITON)/.ready

demo: install $(if $(filter zh% ZH%,$(LOCALE)),$(MULTILINGUAL))
	$(BIN)/tunebook demo $(DEMO)

demo-zh: export TUNEBOOK_LANG = zh
demo-zh: DEMO = demo/zh
demo-zh: install $(MULTILINGUAL)
	$(BIN)/tunebook demo $(DEMO)

test: check

check: install $(MULTILINGUAL)
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/ruff check src tests benchmarks scripts
	$(MAKE) --no-print-directory --jobs 2 types pages
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term
	$(BIN)/python scripts/check_coverage.py

types: install
	$(BIN)/mypy

# The reference is as the declarations say, and every link of the site leads somewhere.
pages: install
	$(BIN)/python scripts/make_docs.py --check
	$(BIN)/python scripts/make_site.py build/site

# The same with every pair of a technique and a task's case, of which `check` tries some.
check-all: export TUNEBOOK_CHECK = all
check-all: check

bench: install
	$(BIN)/python -m benchmarks $(CLAIM)

docs: install
	$(BIN)/python scripts/make_docs.py

# The documentation as a site, English and Chinese: open site/index.html, or lay it on any server of files.
site: install
	$(BIN)/python scripts/make_site.py site

clean:
	rm -rf $(VENV) $(TRITON) build dist site .pytest_cache .mypy_cache .ruff_cache .coverage*
