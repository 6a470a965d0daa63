# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
OUT    ?= runs/quickstart

# One thread a process: molecules run side by side instead.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
# Tests side by side, file by file; one for each core of a small machine.
PROCESSES ?= 2

.DEFAULT_GOAL := help
.PHONY: help install browser demo test test-slow lint format docs wheel clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: $(STAMP) ## make .venv and install molq with its development tools

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'molq needs Python 3.11 or newer: make PYTHON=/path/to/python3.11'; exit 1; }
	@echo '==> making $(VENV) and installing molq (usually 2-8 minutes, about 4 GB)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=24'
	@$(BIN)/python -m pip install --quiet 'torch==2.13.0'
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,ibm,mitigation,sqd,docking,medchem,ase,docs]'
	@touch $@
	@echo '==> installed'

demo: $(STAMP) ## a whole campaign on real acrylamides; ends with the report's path
	@echo '==> the quickstart campaign: three rounds of acrylamides scored by VQE (usually 5 minutes on 2 cores)'
	@if [ -e $(OUT)/journal.sqlite ]; then $(BIN)/molq resume $(OUT); \
	  else $(BIN)/molq run configs/quickstart.toml --out $(OUT); fi
	@$(BIN)/molq leads $(OUT) --top 10
	@$(BIN)/molq report $(OUT)

browser: $(STAMP) ## a Chromium for the tests of pages, where there is none
	@sh tests/browser/install.sh $(BIN)

test: $(STAMP) lint browser ## linters, types, import direction and the default tests
	@echo '==> the default tests (usually 15-20 minutes on 2 cores)'
	@$(BIN)/python -m pytest -m 'not slow' -n $(PROCESSES) --dist loadfile --no-loadscope-reorder --cov --cov-report=term --durations=25

test-slow: $(STAMP) browser ## the tests that compute or wait for minutes (usually an hour)
	@$(BIN)/python -m pytest -m slow

lint: $(STAMP) ## ruff, mypy over the four packages, import direction
	@echo '==> linters, types and import direction (usually 1 minute)'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## let ruff put the code in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(STAMP) ## the documentation as a site, in site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site
	@echo '==> open site/index.html'

wheel: $(STAMP) ## build the wheel into dist/
	@$(BIN)/python -m build --wheel --outdir dist .

clean: ## remove the environment, builds and caches; runs/ stays
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
