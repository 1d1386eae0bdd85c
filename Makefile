# `make help` tells what there is. Everything runs in .venv, made from requirements/dev.txt at first need.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.PHONY: help up down status logs demo doctor test fuzz test-quick browser check bench bench-matching lock image fmt clean
.PHONY: environment check-lint check-format check-types check-imports check-contracts

BIN := .venv/bin
VENV := environment
## variables: OPTIONS of the command behind a target, e.g. make up OPTIONS="--port-offset 1000"
OPTIONS ?=
## variables: WORKERS that tests run on side by side; TESTS and PYTEST choose tests, e.g. make test TESTS=chassis PYTEST="-k relay"
WORKERS ?= 2
TESTS ?=
## variables: FUZZ_TIMES as many examples as the tests ask for, with make fuzz
FUZZ_TIMES ?= 10
PYTEST ?=
## variables: SERVICE to build an image of; IMAGE its name
SERVICE ?= intake
IMAGE ?= sportello-$(SERVICE)

help: ## this list
	@echo "Sportello: where a city's needs meet what others offer"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@sed -n 's/^## variables: /  /p' $(MAKEFILE_LIST)

$(VENV):
	@requirements/install.sh

# -- run it on this machine -----------------------------------------------------------------------------------

up: $(VENV) ## start everything on this machine and say where to go
	@$(BIN)/sportello up $(OPTIONS)

down: $(VENV) ## stop everything (the data stays)
	@$(BIN)/sportello down $(OPTIONS)

status: $(VENV) ## each service: up, lag, backlog, dead letters
	@$(BIN)/sportello status $(OPTIONS)

logs: $(VENV) ## follow the logs of all processes
	@$(BIN)/sportello logs --follow $(OPTIONS)

demo: $(VENV) ## play real partnerships through the running system
	@$(BIN)/sportello demo $(OPTIONS)

doctor: $(VENV) ## what this machine lacks, and what to do about it
	@$(BIN)/sportello doctor $(OPTIONS)

# -- prove it -------------------------------------------------------------------------------------------------

ALONE := e2e or fault or browser

test: $(VENV) browser ## every suite, on real servers; names the servers it used
	@if [ -n "$(TESTS)" ]; then exec $(BIN)/python -m pytest $(PYTEST) $(TESTS); fi; \
	failed=0; \
	$(BIN)/python -m pytest -m "not ($(ALONE))" -n $(WORKERS) --dist loadfile $(PYTEST) || failed=$$?; \
	$(BIN)/python -m pytest -m "$(ALONE)" $(PYTEST) || failed=$$?; \
	exit $$failed

fuzz: $(VENV) ## property and fuzz tests with new examples, FUZZ_TIMES as many; may find what no change of yours caused
	@FUZZ_TIMES=$(FUZZ_TIMES) $(BIN)/python -m pytest -m "hypothesis and not ($(ALONE))" -n $(WORKERS) --dist loadfile \
		--hypothesis-profile=wide --override-ini=timeout=3600 $(PYTEST) $(TESTS)

test-quick: $(VENV) ## only the tests without servers
	@$(BIN)/python -m pytest -m unit $(PYTEST)

browser: ## the system's Chromium, for the page tests (installed when we are root on Debian)
	@tests/install_browser.sh

check: $(VENV) ## lint, format, types, import rules, contracts: what CI looks at first
	@$(MAKE) --no-print-directory --jobs=3 --keep-going --output-sync=target \
		check-lint check-format check-types check-imports check-contracts
	@echo "All checks passed."

check-lint: $(VENV)
	@$(BIN)/ruff check --quiet .
check-format: $(VENV)
	@$(BIN)/ruff format --quiet --check . || { echo "Run 'make fmt'."; exit 1; }
check-types: $(VENV)
	@$(BIN)/mypy --no-error-summary
check-imports: $(VENV)
	@$(BIN)/lint-imports --no-logo > .venv/lint-imports.txt 2>&1 || { cat .venv/lint-imports.txt; exit 1; }
check-contracts: $(VENV)
	@$(BIN)/python -m contracts.generate --check

bench: $(VENV) ## latency and throughput of this machine, as ratios to its raw limits
	@$(BIN)/python -m tests.bench $(OPTIONS)

bench-matching: $(VENV) ## matching among 100,000 open needs and 100,000 open offers
	@$(BIN)/python -m tests.bench.matching_scale $(OPTIONS)

# -- keep it --------------------------------------------------------------------------------------------------

fmt: $(VENV) ## format the code and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

lock: ## lock the dependencies of pyproject.toml, with hashes
	@requirements/compile.sh

image: ## build the container image of one SERVICE
	docker build --build-arg SERVICE=$(SERVICE) --tag $(IMAGE) --file deploy/image/Dockerfile $(OPTIONS) .

clean: ## remove the environment and caches (not the data in .sportello)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
