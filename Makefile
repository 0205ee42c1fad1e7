# `make` alone lists the targets; ARGS=… is passed on to a target's command.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= $(shell bash deploy/local/python.sh)
ARGS ?=
RUNTIME ?=

BIN := .venv/bin
STAMP := .venv/.ready
ONLY_TESTS := .venv/.only-tests
LOCKS := deploy/requirements
SERVICES := orders payments inventory notifications console
MEMBERS := shared $(SERVICES:%=services/%) deploy/local
SOURCES := shared/src $(SERVICES:%=services/%/src) deploy/local/src tests
PACKAGES := shared $(SERVICES) local_runtime
CONTAINER_TESTS := tests/integration/test_containers.py
# They have a target of their own, unless containers are what is asked for.
WITHOUT_THEM = $(if $(filter containers,$(RUNTIME))$(findstring $(CONTAINER_TESTS),$(ARGS)),,--ignore=$(CONTAINER_TESTS))
# What needs servers is in four groups (tests/conftest.py), each in one process with servers of its own.
BESIDE := --numprocesses=4 --dist=loadscope --no-loadscope-reorder
space := $(subst ,, )

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

.PHONY: setup
setup: $(STAMP) ## make the virtual environment with everything in it

.PHONY: demo
demo: setup ## the whole system up, orders flowing and narrated; Ctrl-C stops everything
	@$(BIN)/orderproof demo $(ARGS)

.PHONY: test
test: setup $(ONLY_TESTS) promtool ## run the whole suite against real Kafka and PostgreSQL (RUNTIME=embedded|containers|external)
	@$(if $(RUNTIME),ORDERPROOF_RUNTIME="$(RUNTIME)") $(BIN)/pytest $(BESIDE) $(WITHOUT_THEM) $(ARGS)

.PHONY: promtool
promtool: ## what tests the alerts; without it those tests are not run, and say so
	@deploy/prometheus/promtool.sh >/dev/null || true

.PHONY: prove
prove: setup ## break the system in every way and show the books (FULL=1: three seeds, every point)
	@tests/tools/debian.sh faketime /usr/lib/$$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1 >/dev/null
	@$(BIN)/orderproof prove $(if $(FULL),--full) $(ARGS)

.PHONY: bench
bench: setup ## how fast, at what cost, and still right (ARGS=--short: a minute; ARGS=--help)
	@$(BIN)/python -m tests.bench $(ARGS)

.PHONY: test-containers
test-containers: setup ## build the images and run the compose file, where an engine with the images answers
	@$(BIN)/pytest $(CONTAINER_TESTS) $(ARGS) || [ $$? -eq 5 ] # 5: all of it skipped, with the reason

.PHONY: check
check: setup ## lint, types, import contracts, generated docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@MYPYPATH="$(subst $(space),:,$(wildcard $(SOURCES:tests=)))" $(BIN)/mypy $(PACKAGES:%=-p %)
	@if ls tests/*/ >/dev/null 2>&1; then $(BIN)/mypy tests; fi
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.tools.docs --check

.PHONY: clean
clean: ## stop what runs and remove .run/
	@if [ -x $(BIN)/orderproof ]; then $(BIN)/orderproof down --clean; else rm -rf .run; fi

.PHONY: lock
lock: setup ## resolve every dependency anew and write the hashed locks
	@bash deploy/local/lock.sh

$(STAMP): pyproject.toml $(MEMBERS:%=%/pyproject.toml) $(LOCKS)/dev.txt $(LOCKS)/uv.txt
	@bash deploy/local/setup.sh "$(PYTHON)" $(MEMBERS)
	@touch $@

# After setup, which takes away what dev.txt does not name.
$(ONLY_TESTS): $(STAMP) $(LOCKS)/node.txt $(LOCKS)/browser.txt
	@echo "Installing what $(LOCKS)/node.txt and browser.txt name"
	@VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/uv pip install -q --require-hashes -r $(LOCKS)/node.txt -r $(LOCKS)/browser.txt
	@touch $@
