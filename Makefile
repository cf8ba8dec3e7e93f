# One list of all there is to do here. `make` alone prints it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test coverage lint docs bench faults corpora serve clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 16

# pip without --group support cannot read the dependency groups, hence the upgrade.
$(VENV)/installed: pyproject.toml
	@echo "Making $(VENV) and installing into it; about a minute the first time."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install -qq --editable '.[web]'
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/installed
	@echo "Installing the tools of tests, lint and benchmarks into $(VENV); some minutes the first time."
	@$(BIN)/python -m pip install -qq --editable '.[web,postgresql,semantic,worker]' --group test --group lint
	@touch $@

demo: $(VENV)/installed  ## digests for the readers of config/, offline, a few seconds after the install
	@$(BIN)/python -m newsletter --config config demo

test: $(VENV)/installed-for-tests  ## sets up all that the whole suite needs, then runs it
	@tests/prepare.sh
	@$(BIN)/python -m pytest -n auto --dist worksteal -q
	@$(MAKE) --no-print-directory lint

coverage: $(VENV)/installed-for-tests  ## the suite again, slower, with the lines and branches that nothing ran
	@tests/prepare.sh
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered -q

lint: $(VENV)/installed-for-tests  ## style, types, and the import layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(VENV)/installed-for-tests  ## writes docs/cli.md from the commands themselves
	@$(BIN)/python docs/generate.py

bench: $(VENV)/installed-for-tests  ## ratios, measured in one run on this machine
	@$(BIN)/python -m benchmarks

faults: $(VENV)/installed-for-tests  ## kills, lost answers, full disks: make faults FAULTS="T1 --seeds 3" (all: FAULTS=--help)
	@$(BIN)/python -m benchmarks.faults $(FAULTS)

corpora: $(VENV)/installed-for-tests  ## our readers over a folder of feeds: make corpora CORPORA=path MUTATE=10000
	@$(BIN)/python -m benchmarks.corpora "$(CORPORA)" --mutate $(or $(MUTATE),0)

serve: $(VENV)/installed  ## web pages and the scheduler on loopback, with the demo's data: make serve PORT=8080
	@$(BIN)/python -m newsletter --config config demo --serve $(or $(PORT),8080)

clean:  ## removes what the targets above made
	rm -rf $(VENV) var outbox preview
