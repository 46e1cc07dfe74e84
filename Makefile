# Nitidez: `make demo` starts the app, `make test` checks everything. `make` alone lists the rest.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 7860
export HOST PORT
# pip compiles nothing here (most of it would never run), so what the first start compiles is kept.
export PYTHONDONTWRITEBYTECODE =

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --prefer-binary --no-compile

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format attack bench compiled browser space-check audit clean

help:  ## list these commands
	@echo "Nitidez. Commands:"
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1|\2/p' Makefile | \
		while IFS='|' read -r command text; do printf '%-16s %s\n' "$$command" "$$text"; done
	@echo "Variables: PYTHON=python3 (3.10 or newer), HOST=127.0.0.1, PORT=7860"

install: $(VENV)/installed  ## create .venv and install what running needs

demo: install  ## install, then start the app on http://HOST:PORT
	@exec $(BIN)/python app.py

test: $(VENV)/installed-dev  ## install what tests need, then lint, types and all tests
	@$(MAKE) --no-print-directory --jobs=2 compiled browser lint
	OMP_WAIT_POLICY=passive OPENBLAS_NUM_THREADS=1 \
		$(BIN)/python -m pytest --timeout=600 --numprocesses=3 --dist=loadfile --no-loadscope-reorder

lint: $(VENV)/installed-dev  ## check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/oxlint demo tests
	$(BIN)/mypy

format: $(VENV)/installed-dev  ## format the code and apply the safe lint fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed-dev  ## measure speed, memory and time limits on this machine, when it is quiet
	$(BIN)/python -m sr benchmark
	$(BIN)/python -m pytest tests/timing

attack: $(VENV)/installed-dev browser  ## attack the app and its survey: strangers, kills, clocks, cut lines, full disks
	$(BIN)/python -m pytest --timeout=300 tests/attacks tests/browser/test_other_websites.py

space-check: $(VENV)/installed-dev  ## rehearse the Hugging Face Space on this machine
	$(BIN)/python -m tests.system.space_check

audit: $(VENV)/installed  ## ask the advisory databases about the installed packages
	$(PIP) pip-audit
	$(BIN)/python -m pip_audit --skip-editable --progress-spinner off

compiled: $(VENV)/installed-dev  # once, not by every worker of the tests at the same time
	@$(BIN)/python -m pytest --collect-only --quiet >/dev/null || true

browser: $(VENV)/installed-dev
	@sh .ci/install-browser $(BIN)/python

clean:  ## remove .venv and the caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache

# The virtual environment and its two stamps: a second run with the same requirements does nothing.
$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
		echo "error: $(PYTHON) was not found; install Python 3.10 or newer," \
			"or name it: make $(or $(MAKECMDGOALS),install) PYTHON=/path/to/python3" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "error: $(PYTHON) is $$("$(PYTHON)" --version 2>&1), this needs Python 3.10 or newer;" \
			"name another: make $(or $(MAKECMDGOALS),install) PYTHON=python3.12" >&2; exit 2; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "error: $(PYTHON) -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 2; }

$(VENV)/installed: requirements.txt | $(BIN)/python
	@echo "Installing what running needs into $(VENV) (a few minutes the first time)"
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed | $(BIN)/python
	$(PIP) -r requirements-dev.txt
	@touch $@
