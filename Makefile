# Scankin. `make help` lists what there is.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := demo
DATA ?=
FROM ?= auto
QUERY ?= $(shell find "$(DATA)" -type f \( -name '*.dcm' -o -name '*.png' -o -name '*.jp*g' \) 2>/dev/null | sort | head -n 1)
INDEX ?= $(DEMO)/store

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check bench bench-batch serve clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(BIN)/activate:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/activate pyproject.toml constraints.txt
	$(BIN)/pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/pip install --quiet -c constraints.txt -e '.[test,check]'
	@touch $@

$(VENV)/.slow: $(VENV)/.test
	$(BIN)/pip install --quiet -c constraints.txt -e '.[test,check,encoders]'
	@touch $@

demo: $(VENV)/.run ## install, build an index of constructed patients (or DATA=folder), ask it, show the answer
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/demo.sh "$(DEMO)" "$(DATA)" "$(FROM)" "$(QUERY)"

test: $(VENV)/.test ## install what tests need and run the fast ones
	$(BIN)/python -m pytest -q -n 2 -m "not slow"

test-slow: $(VENV)/.slow ## run the slow tests: kills, mutated files, real collections end to end
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.test ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	sh scripts/types.sh $(BIN)/mypy

bench: $(VENV)/.test ## measure where a query's time goes, as ratios within one run
	$(BIN)/python benchmarks/query_shares.py $(INDEX)

bench-batch: $(VENV)/.test ## measure what scoring DATA costs beyond decoding and encoding it, as a ratio within one run
	$(BIN)/python benchmarks/batch_overhead.py $(INDEX) "$(DATA)"

serve: $(VENV)/.run ## answer over HTTP from INDEX (default: the demo's)
	$(BIN)/scankin serve --index $(INDEX)

clean: ## remove the demo and the environment
	rm -rf $(DEMO) $(VENV) build
