# make demo   a year of real sales through all of it     make test   the tests
# make check  lint, types, layers, documents              make bench  speed, as ratios
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install install-bench demo test check lint types layers docs coverage bench many-items soak steady kill pictures fuzz lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

install: ## make .venv with the pinned dependencies; takes no time when nothing changed
	@PYTHON="$(PYTHON)" VENV="$(VENV)" bash deploy/install.sh dev

install-bench:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" bash deploy/install.sh bench
	@test -x build/quix/bin/python || $(PYTHON) -m venv build/quix
	@$(BIN)/uv pip install -q --python build/quix/bin/python --require-hashes -r requirements/quix.lock || echo "Quix Streams cannot be installed here: it is left out."

demo: install ## replay real sales through Kafka, models, MongoDB and charts (ARGS="--once --json FILE")
	@$(BIN)/shelfcast demo $(ARGS)

test: install ## run the tests; what cannot run here is listed with its reason (ARGS="tests/unit -k money" runs some)
ifeq ($(strip $(ARGS)),)
	$(MAKE) coverage
	$(BIN)/python -m pytest tests/property -n auto --dist loadfile
	@# Servers, kills and time limits, three files at a time: what fails in that crowd runs again alone only if tests/excused.toml says why.
	$(BIN)/python -m pytest tests/integration tests/e2e -n 3 --dist loadfile || $(BIN)/python -m tests.again
else
	$(BIN)/python -m pytest $(ARGS)
endif

check: install lint types layers docs ## lint, types, import layers, documents
lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
types:
	$(BIN)/mypy
layers:
	$(BIN)/lint-imports
docs:
	$(BIN)/python -m deploy.docs --check

coverage: # the pure tests, measured
	$(BIN)/python -m pytest tests/unit tests/contract -n auto --dist loadfile --cov --cov-report=term:skip-covered

bench: install-bench ## speed of the worker beside a bare loop, bytewax, Quix Streams and Faust per event; writes build/bench.json
	$(BIN)/python -m tests.bench.bench_stream $(ARGS)

many-items: install ## one store of 100,000 items from its sales to plan, order, page and charts: time and memory
	SHELFCAST_TEST_ITEMS=100000 $(BIN)/python -m pytest tests/integration/streams/test_many_items.py $(ARGS)

kill: install ## the long kill -9 runs
	$(BIN)/python -m pytest tests/integration -k kill -m "kill or not kill" --kill-rounds 30 $(ARGS)

soak: install ## a day of a 50-store chain in minutes, with a fault every few seconds
	$(BIN)/python -m tests.soak $(ARGS)

steady: install ## sales at an even rate for minutes: delay and memory must stay flat
	$(BIN)/python -m tests.steady $(ARGS)

pictures: install ## the documents' pictures of a running page (ARGS=http://127.0.0.1:8081); needs Chromium
	$(BIN)/python -m tests.pictures $(ARGS)

fuzz: install ## a million events of any kind through the processor, guided by coverage: hours (ARGS="--cases 20000")
	@$(BIN)/python -c "import atheris" 2>/dev/null || $(BIN)/python -m pip install -q -e ".[fuzz]" || true
	$(BIN)/python -m tests.fuzz $(ARGS)

lock: ## renew the pinned dependencies (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q pyproject.toml --extra embedded --extra demo --extra test --extra check --extra workbench -o requirements/dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q pyproject.toml -c requirements/dev.lock -o requirements/run.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q pyproject.toml --all-extras -c requirements/dev.lock -o requirements/bench.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements/quix.in -o requirements/quix.lock

clean: ## remove what was made
	rm -rf $(VENV) build .shelfcast .pytest_cache .mypy_cache .ruff_cache *.egg-info
