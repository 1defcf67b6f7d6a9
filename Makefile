# Everything that one does with this repository. `make` alone lists it.
#
# Settings:  PORT=8000  DATA_DIR=.nightledger  PYTHON=python3.11 (default: the first Python >= 3.11 found)

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Servers are started once a test process, so more processes than this only fight for cores. A file stays in one process: its
# tests share servers, and some tell one story. (Groups do not work: pytest-xdist 3.8 marks them where pytest 9.2 does not look.)
PARALLEL := -n auto --maxprocesses=4 --dist=loadfile
# What kills processes, counts them or measures seconds comes after everything else. The browser's driver keeps an event loop
# running in its process, so its tests have one to themselves, beside the others.
ALONE := tests/e2e/first_run tests/fault

## —— Use ————————————————————————————————————————————————————————————————————————
.PHONY: help run
help:  ## List what make can do (this list)
	@awk 'BEGIN { FS = ":.*## " } \
	  /^## / { sub(/^## /, ""); print "\n" $$0 } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: venv  ## Start everything: servers, sandbox, workers, web; Ctrl-C stops it (PORT, DATA_DIR)
	@exec $(BIN)/nightledger up

## —— Check and test —————————————————————————————————————————————————————————————
.PHONY: check test check-format lint types arch quick unit property integration e2e browser fault nightly mutate bench
check: venv  ## All that must hold before a commit, in under a minute
	@$(MAKE) -j4 --output-sync=target --keep-going check-format lint types arch quick && echo "check: all holds"

test: venv chromium  ## The whole suite: tests per kind and the 20 slowest are printed
	@status=0; browser=$$(mktemp); \
	$(PYTEST) $(PARALLEL) --durations=10 tests $(ALONE:%=--ignore=%) --ignore=tests/browser || status=1; \
	$(PYTEST) --durations=5 tests/browser >"$$browser" 2>&1 & beside=$$!; \
	$(PYTEST) --durations=20 $(ALONE) || status=1; \
	wait $$beside || status=1; cat "$$browser"; rm -f "$$browser"; \
	exit $$status

check-format: venv
	@$(BIN)/ruff format --check --quiet . || { echo "format: run 'make fmt'"; exit 1; }

lint: venv
	@$(BIN)/ruff check --quiet --output-format=concise .

types: venv  ## Check types (mypy --strict)
	@$(BIN)/mypy

arch: venv  ## Check that every import arrow points down
	@$(BIN)/lint-imports --config pyproject.toml

quick: venv
	@$(PYTEST) --quiet tests/test_tidy.py tests/test_architecture.py tests/unit

unit: venv  ## Unit tests: no I/O, no clock, no mocks
	@$(PYTEST) tests/unit

property: venv  ## Laws and the state machine, by Hypothesis
	@$(PYTEST) $(PARALLEL) tests/property

integration: venv  ## Against a real PostgreSQL and Valkey
	@$(PYTEST) $(PARALLEL) tests/integration

e2e: venv  ## Whole journeys over HTTP, with followers and the sandbox
	@$(PYTEST) $(PARALLEL) --durations=5 tests/e2e

browser: venv chromium  ## Guest journeys in Chromium
	@$(PYTEST) --durations=5 tests/browser

fault: venv  ## Kill, cut, duplicate, reorder
	@$(PYTEST) --durations=5 tests/fault

nightly: venv chromium  ## The whole suite with ten times the examples, steps and kills
	@HYPOTHESIS_PROFILE=nightly $(PYTEST) $(PARALLEL) --durations=20 --timeout=3600 tests

mutate: venv  ## Change ledger and aggregates in small places: do tests notice? (MUTANTS="ledger.money.*" for some again)
	@$(BIN)/python -m tests.mutation.run $(MUTANTS)

bench: venv  ## Measure side by side with the peers (BENCH="writes --quick" for one of them)
	@$(BIN)/nightledger bench $(BENCH)

## —— Keep in order ——————————————————————————————————————————————————————————————
.PHONY: fmt docs lock clean venv chromium
fmt: venv  ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

docs: venv  ## Make the event catalogue again from the code
	@$(BIN)/python -m ops.event_catalogue > docs/events.md

lock:  ## Make requirements.lock again from pyproject.toml (UPGRADE=--upgrade for newer versions)
	@ops/setup.sh lock $(UPGRADE)

clean:  ## Remove what make has made here, except your data
	@rm -rf .venv node_modules web/static/vendor build dist mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@ops/setup.sh environment

chromium:
	@ops/setup.sh chromium
