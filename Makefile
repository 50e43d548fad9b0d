# Switchboard. `make` prints the targets; each works in a fresh clone with Python 3.11 or newer, pip and make.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
MAKEFLAGS += --no-print-directory --no-builtin-rules

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHON ?=
# Where this is set, each of the many processes compiles anew all that it imports.
export PYTHONDONTWRITEBYTECODE :=
export SAM_CLI_TELEMETRY := 0
RUN := .venv/bin/python
SAM := .venv-sam/bin/sam
WORKERS ?= auto
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate \
	--no-header --generate-hashes $(if $(UPGRADE),--upgrade)

.PHONY: help demo dev test browser check format lint types template bench build event lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: .venv/ready ## play the whole story on real components, on free ports
	@exec $(RUN) -m local demo

dev: .venv/ready ## run the local stack until Ctrl-C (PORT=8787, KEEP=folder keeps the database)
	@exec $(RUN) -m local dev

test: .venv/ready ## run all tests (WORKERS=auto: one more than cores)
	@$(RUN) -m pytest -q -n $(WORKERS)

browser: .venv/ready ## run the inbox's tests in Chromium, which must be on the machine; pictures go to .local/pictures
	@local/environment.sh .venv requirements/browser.txt --beside
	@$(RUN) -m pytest -q -n 0 tests/e2e/browser

check: format lint types template build test ## everything CI runs, in CI's order

format: .venv/ready
	@echo "format" && ruff format --check --quiet .

lint: .venv/ready
	@echo "lint" && ruff check --quiet .

types: .venv/ready
	@echo "types" && $(RUN) -m mypy

template: .venv-sam/ready
	@echo "template" && $(SAM) validate --region us-east-1 && $(SAM) validate --lint --region us-east-1

bench: .venv/ready ## print the benchmark table as ratios (FULL=1 full sizes, ONLY="lead_customers ..." some of it)
	@$(RUN) -m tests.benchmarks $(if $(FULL),--full) $(ONLY)

build: .venv-sam/ready ## build the deployment package into .aws-sam/build
	@.venv-sam/bin/python -m local.build

event: .venv/ready ## print one event freshly signed (NAME=receive_text; without it the names), for sam local invoke
	@$(RUN) -m local event "$(NAME)"

lock: .venv/ready ## write requirements/ anew from pyproject.toml (UPGRADE=1 takes newer versions)
	@$(COMPILE) pyproject.toml --output-file requirements/layer.txt
	@$(COMPILE) pyproject.toml --group dev --constraint requirements/layer.txt --output-file requirements/dev.txt
	@$(COMPILE) --group browser --constraint requirements/dev.txt --output-file requirements/browser.txt
	@$(COMPILE) --group sam --output-file requirements/sam.txt
	@$(COMPILE) --group runtime --output-file requirements/runtime.txt
	@cp requirements/layer.txt layers/shared/python/requirements.txt

clean: ## remove everything that make made
	@rm -rf .venv .venv-sam .aws-sam .local .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/ready: requirements/dev.txt pyproject.toml local/environment.sh
	@local/environment.sh .venv requirements/dev.txt .

.venv-sam/ready: requirements/sam.txt local/environment.sh
	@local/environment.sh .venv-sam requirements/sam.txt
