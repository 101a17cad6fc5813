# `make demo` and `make test` work as the first command after a clone; both make .venv themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHOWN := $(VENV)/.shown
READY := $(VENV)/.ready

.PHONY: demo test official check format docs bench bench-quick build clean help

help:  ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

# The demo needs a tenth of what the tests need, and whoever looks for the first time waits for it.
$(SHOWN): pyproject.toml scripts/prepare.py
	@$(PYTHON) scripts/prepare.py $(VENV) cli
	@touch $(SHOWN)

$(READY): pyproject.toml scripts/prepare.py
	@$(PYTHON) scripts/prepare.py $(VENV) dev,docs
	@touch $(SHOWN) $(READY)

demo: $(SHOWN)  ## Show the main jobs against the embedded simulator: no key, no network
	@$(BIN)/python -m zhipu_async.cli demo

test: $(READY)  ## Run the tests with branch coverage
	@$(BIN)/python scripts/test.py

official: $(READY)  ## Drive the vendor's older client against the simulator, in an environment of its own
	@$(BIN)/python -m scripts.official

check: $(READY)  ## Format, lint and type checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python scripts/verify_types.py

format: $(READY)  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)  ## Build the documentation; warnings are errors
	$(BIN)/python scripts/docs.py

bench: $(READY)  ## Run all benchmarks, with peers from PyPI in an environment of their own
	$(BIN)/python -m benchmarks

bench-quick: $(READY)  ## The same in under a minute, without peers
	$(BIN)/python -m benchmarks --quick

build: $(READY)  ## Build the wheel and try it in a bare environment
	$(BIN)/python scripts/wheel.py

clean:  ## Remove what was made
	rm -rf $(VENV) dist build site .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* .artifacts
