# Everything that one types here. `make` alone lists it. Each target sets the environment up first, once.
#
#   CUDA=1 make setup      the CUDA packages in place of the CPU ones; later calls keep what is installed (CUDA=0: back)
#   FORCE=1 make setup     look at every package again
#   PYTHON=… make setup    another interpreter than python3.11 or python3
#   ARGS=…                 handed on, as in: make demo ARGS="--algorithm ppo", make test ARGS="-k wire"

SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
FLAVOUR := $(if $(filter 0,$(CUDA)),cpu,$(if $(CUDA),cuda))
# Notebooks, graders and DeepSpeed call their programs by bare name.
export PATH := $(abspath $(BIN)):$(PATH)
export VENV PYTHON FORCE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-quick series check notebooks release format doctor lock clean

help: ## this list
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "Start with: make demo"

setup: ## the virtual environment with everything pinned (CUDA=1: for GPUs); does nothing where it is there already
	@sh tools/setup.sh $(FLAVOUR)

# Caches that vLLM, matplotlib and others would put into the home directory go to build/, inside the clone.
demo: setup ## train the tiny policy with GRPO in three processes and show the curves
	@XDG_CACHE_HOME="$(CURDIR)/build/cache" XDG_CONFIG_HOME="$(CURDIR)/build/config" $(BIN)/labkit demo $(ARGS)

test: setup ## all tests
	@$(BIN)/python -m pytest -q $(ARGS)

test-quick: setup ## the tests that start no real engine: under two minutes
	@$(BIN)/python -m pytest -q -m "not slow and not gpu" $(ARGS)

series: setup ## every notebook of source/ with its trainings, the last three in a browser, too; says how long each takes
	@$(BIN)/python -m pytest -q -m series --durations=0 tests/test_series.py tests/test_browser.py $(ARGS)

check: setup ## ruff (rules and formatting), mypy, and the pairs of source/
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/notebooks.py --check

notebooks: setup ## bring each notebook of source/ and the text beside it together: the one edited last wins
	@$(BIN)/python tools/notebooks.py

release: notebooks ## source/ -> release/, the students' notebooks, by nbgrader
	@set -e; for notebook in source/0*/; do $(BIN)/nbgrader generate_assignment "$$(basename "$$notebook")" --force; done

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

doctor: setup ## what this machine has and lacks for each preset
	@$(BIN)/labkit doctor $(ARGS)

lock: ## pin requirements/*.in anew into cpu.txt and cuda.txt (needs uv; UPGRADE=1: newest of everything)
	@UPGRADE="$(UPGRADE)" sh tools/lock.sh

clean: ## remove caches and build outputs; the environment and the runs stay
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . \( -path ./.git -o -path './$(VENV)' -o -path ./runs \) -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -exec rm -rf {} +
