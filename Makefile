# Everything runs in .venv, which the first target that needs it makes. PYTHON is any 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODEL := weights/all-MiniLM-L6-v2
PEERS := .venv-peers

# The tests' real texts, where somebody put them; without them the suite runs on what is here.
ifneq ($(wildcard ../shared/data),)
export NPDISTIL_DATA ?= $(abspath ../shared/data)
endif

.PHONY: help demo test heads format golden parity tasks table functions numerics eval taskspeed bench startup faults tokenizer weights book screenshots build clean

help:  ## say what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/installed weights  ## embed a text file and answer three queries
	@$(BIN)/python tools/demo.py

# What tests/data/ needs besides: heads over the real weights, fitted once.
ifdef NPDISTIL_DATA
TEST_HEADS := heads
endif

test: $(VENV)/installed-test weights $(TEST_HEADS)  ## format check, lint, types, all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

heads: $(VENV)/installed-test weights  ## fit the heads of weights/heads, where they are not there yet
	@$(BIN)/python tools/fit_heads.py

format: $(VENV)/installed-test  ## put code into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(VENV)/installed-test  ## make tests/golden again
	$(BIN)/python tools/make_golden.py

parity: $(VENV)/installed-test weights  ## measure parity and write the README's table
	$(BIN)/python tools/parity_table.py

tasks: $(VENV)/installed-test weights  ## compare all tasks with their peers, write docs/tasks.json and the README's table
	$(BIN)/python tools/task_parity.py

table: $(VENV)/installed  ## time the card's models, write docs/table.json and the README's table
	$(BIN)/python tools/card_table.py

numerics: $(VENV)/installed-test  ## measure every kernel by its stated bound, write docs/numerics.md
	$(BIN)/python tools/numeric_contract.py

functions: $(VENV)/installed-test  ## hold exp and the activations to every float32, write docs/functions.md
	$(BIN)/python tools/check_functions.py

eval: $(VENV)/installed-test weights  ## Spearman, nDCG and accuracy beside the other libraries' (EVAL="--limit 50" for less)
	$(BIN)/python tools/eval.py $(EVAL)

taskspeed: $(VENV)/installed-test weights  ## time what stands around the engine, write docs/task_speed.json and a table
	$(BIN)/python tools/bench_tasks.py

bench: $(PEERS)/installed  ## time npdistil and its peers (BENCH="--quick" for less)
	@$(PEERS)/bin/python tools/fetch_weights.py all-MiniLM-L6-v2
	$(PEERS)/bin/python tools/bench_peers.py $(BENCH)

startup: $(PEERS)/installed  ## time a start beside its peers, write docs/startup.md's tables
	@$(PEERS)/bin/python tools/fetch_weights.py all-MiniLM-L6-v2
	$(PEERS)/bin/python tools/bench_startup.py $(STARTUP)

faults: $(VENV)/installed-test weights  ## kill, starve and race processes over the cache of kernels
	$(BIN)/python tools/cache_faults.py $(FAULTS)

tokenizer: $(VENV)/installed-test weights  ## time the tokenizer beside `tokenizers`, write the README's table
	$(BIN)/python tools/bench_tokenizer.py

weights: $(VENV)/installed
	@$(BIN)/python tools/fetch_weights.py all-MiniLM-L6-v2

book: $(VENV)/installed-docs weights  ## build docs/book into build/book, every cell run with the real weights
	@$(BIN)/npdistil warmup  # says so where it has to compile, which a page must not
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -n -E -q docs/book build/book

screenshots: $(VENV)/installed-test weights  ## draw docs/images again, in Chromium
	$(BIN)/python tools/make_screenshots.py

build: $(VENV)/installed-test  ## a wheel and an sdist in dist/
	$(BIN)/python -m build

clean:  ## remove what was made, but not the weights
	rm -rf $(VENV) $(PEERS) .bench-cache build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@ $(VENV)/installed

$(PEERS)/installed: tools/bench/requirements.txt pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --requirement $< --editable .
	@touch $@
