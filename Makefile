# Every target sets up its own virtual environment. A python that a version manager merely announces does not count:
# the first of the list that runs, is recent enough and can make an environment is taken.
SHELL := /bin/bash
VENV ?= .venv
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; break; fi; done)
PYTEST_ARGS ?= -n auto
DEMO_DIR ?= demo
BIN := $(VENV)/bin

# Many small array operations: threads inside the linear algebra only get into each other's way.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint clean

help:
	@echo "make demo   phase diagram of the rank-one network: picture, data and summary in $(DEMO_DIR)/"
	@echo "make test   all tests"
	@echo "make lint   ruff, mypy and the import contract"
	@echo "make clean  remove environments, caches and the demo's files"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 that runs was found. Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)

# The stamps make the installation happen again when, and only when, pyproject.toml has changed.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed
	@mkdir -p $(DEMO_DIR)
	$(BIN)/meanfield diagram rank1-stationary rank1-chaotic --x g=0:3:12 --y M_n=0:4:12 -p M_m=1 -p Sigma_m=0 \
		--out $(DEMO_DIR)/rank1.nc --plot $(DEMO_DIR)/rank1.png --plot $(DEMO_DIR)/rank1.svg

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .venv-ci $(DEMO_DIR) build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
