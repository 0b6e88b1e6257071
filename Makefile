# Every target installs what it needs first; `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= config.toml

.DEFAULT_GOAL := help
.PHONY: help install run demo test check bench lock clean

help: ## This table
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: $(VENV)/installed ## Make .venv and install the pinned dependencies

run: $(VENV)/installed ## Install, migrate, and run every role in the foreground
	@$(BIN)/sysmo --config $(CONFIG) migrate
	@exec $(BIN)/sysmo --config $(CONFIG) run

demo: $(VENV)/installed ## The same on data-demo/, with a made-up help desk in it; prints three sign-ins
	@$(BIN)/sysmo --config demo.toml migrate
	@$(BIN)/sysmo --config demo.toml demo
	@exec $(BIN)/sysmo --config demo.toml run

# Three processes for two cores: a third of the time tests wait for others.
test: $(VENV)/installed-dev ## Install the test extras, then run the tests
	$(BIN)/pytest -q --numprocesses 3 --dist worksteal

check: $(VENV)/installed-dev ## Lint, types, layers, catalogues
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_layers.py tests/test_catalogues.py

bench: $(VENV)/installed-dev ## The benchmarks, as ratios
	$(BIN)/python -m benchmarks

lock: ## Pin the dependencies again, with hashes (needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --extra build -o requirements.txt
	uv pip compile --universal --generate-hashes --no-header --no-emit-index-url \
		pyproject.toml --extra build --extra dev -o requirements-dev.txt

clean: ## Remove the environment; data stays
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
