# Two promises: `make demo` and `make test` do all their own set-up, given Python 3.11 or newer.
# PYTHON=/path/to/python chooses an interpreter; otherwise the first suitable one is taken.

SHELL := /bin/bash
.DEFAULT_GOAL := help

SUITABLE := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$candidate" -c '$(SUITABLE)' >/dev/null 2>&1 && { echo "$$candidate"; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# what only benchmarks and the Google provider's Spanner hook import: beside the environment, since
# it would change every Airflow in it
EXTRA := .bench/packages
FAB := .bench/fab

# where nothing keeps what Python compiles, each of Airflow's processes takes twice as long to begin
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check docs unit coverage e2e pictures guarantees versions constraints soak bench ui dist format lock clean

help:  ## Show what there is to make
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY)  ## Real Airflow and the emulator: a backup is restored, one that overruns is cancelled
	@$(BIN)/python -m tests.demo $(if $(KEEP),--keep)

test: check docs coverage e2e  ## Everything that must hold: lint, docs, coverage, end-to-end tests

check: $(READY)  ## Format, lint, floors, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

docs: $(READY)  ## The documentation as web pages; a warning, or an old snippet, is an error
	$(BIN)/python docs/_ext/fill.py --check
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

# the code that holds rows runs only where Google's emulator is, and is measured only there
ROWS := from airflow_spanner_lro.emulator.data.binary import find_binary; \
	print("nothing" if find_binary() else "*/emulator/data/*")

# the same examples each time, however long one takes: what lands must not depend on luck
UNITS := $(BIN)/pytest -n auto --dist loadgroup --hypothesis-profile=ci

unit: $(READY)  ## Tests without Airflow processes, but for slow ones: while you work, with `check`
	$(UNITS) -q -m "not e2e and not slow"

coverage: $(READY) $(EXTRA)/.ready $(FAB)/.ready  ## All of those, slow ones too; 98 % is covered
	UNMEASURED="$$($(BIN)/python -c '$(ROWS)')" \
	$(UNITS) -m "not e2e" --cov --cov-report=term:skip-covered
	PYTHONPATH=$(EXTRA) $(BIN)/pytest -q -p no:randomly tests/airflow/test_google_provider_*.py
	PYTHONPATH=$(FAB) $(BIN)/pytest -q -p no:randomly tests/web/test_fab.py

# whatever runs longest begins first
E2E := e2e-calm e2e-rest e2e-others e2e-celery e2e-browser e2e-drills e2e-demo
.PHONY: $(E2E)

# the tests' process forks only to start others; gRPC's handlers have been seen to end such a child
e2e $(E2E) guarantees: export GRPC_ENABLE_FORK_SUPPORT = false

# most of that is waiting, so two of these run at a time, each with an Airflow of its own; LANES=1
# on a machine with little memory. What one says comes when it ends, where make can do that
LANES ?= 2
E2E_PYTEST = $(BIN)/pytest -m e2e -p no:randomly -p no:cacheprovider --durations=8 --durations-min=5
E2E_ROWS = $(E2E_PYTEST) $(if $(ALLOWANCE),--allowance $(ALLOWANCE)) \
	$(if $(BESIDE),--beside $(BESIDE)) tests/e2e/guarantee
ALONE := tests/e2e/test_demo.py tests/e2e/test_restore_drill.py

e2e: $(READY)  ## Tests with real Airflow processes; minutes
	@$(MAKE) --no-print-directory --keep-going --jobs=$(LANES) \
		$(if $(filter output-sync,$(.FEATURES)),--output-sync=target) $(E2E)

# rows of the guarantee in which all of Airflow is well, and the others
e2e-calm e2e-others: e2e-%:
	$(E2E_ROWS) --groups $*

# with Celery's workers only where they differ most; `make guarantees EXECUTOR=celery` has all of it
e2e-celery:
	$(E2E_ROWS) --executor celery --core

e2e-rest:
	$(E2E_PYTEST) $(filter-out $(ALONE),$(wildcard tests/e2e/test_*.py))

e2e-drills:
	$(E2E_PYTEST) tests/e2e/test_restore_drill.py

e2e-browser:
	$(E2E_PYTEST) tests/web/browser

e2e-demo:
	$(E2E_PYTEST) tests/e2e/test_demo.py

pictures: export GRPC_ENABLE_FORK_SUPPORT = false

pictures: $(READY)  ## Those of the Operations page in the documentation, anew
	$(BIN)/pytest -m e2e -p no:randomly -q --no-header --pictures tests/web/browser/test_looks.py -k pictures

guarantees: $(READY)  ## Every exit of a task on real Airflow; EXECUTOR=celery where workers matter
	$(BIN)/pytest -m e2e -p no:randomly -q --no-header --allowance $(or $(ALLOWANCE),1.0) \
		--executor $(or $(EXECUTOR),local) tests/e2e/guarantee

versions: $(READY)  ## Beside other packages and Pythons, minutes each; ONLY="lowest 3.3.1 python3.13" for some
	@$(BIN)/python -m tests.versions $(ONLY)

constraints: $(READY)  ## The packages of the days of Airflow's releases, compiled anew
	@$(BIN)/python -m tests.versions.days

soak: $(READY)  ## MINUTES=10 of random kills, faults, users and strangers; SEED=… repeats
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),10) \
		$(if $(SEED),--seed $(SEED)) $(if $(KEEP),--keep)

bench: $(READY) $(EXTRA)/.ready  ## What waiting costs, ours and others', beside the targets; QUICK=1 is brief
	@$(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick) $(if $(PAGE),--markdown $(PAGE))
	@$(if $(QUICK),,$(BIN)/python tests/benchmarks/bench_emulator.py)

# the tests of `make coverage` hold the file against its sources
ui: $(READY)  ## The Operations page in Airflow, one file for the browser from its sources
	@$(BIN)/python -m tests.support.node

dist: $(READY)  ## Wheel, source distribution and SBOM in dist/, built twice and checked
	@$(BIN)/python -m tests.release

format: $(READY)  ## Put the code into its form, and snippets and tables into the pages
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python docs/_ext/fill.py

COMPILE = $(BIN)/uv pip compile --quiet --upgrade --no-header --no-annotate --universal \
	--generate-hashes --python-version 3.11

# the other two without those of requirements.txt, which are there already
lock: $(READY)  ## Compile the pinned requirements anew, with their hashes
	$(COMPILE) --group dev pyproject.toml -o requirements.txt
	echo apache-airflow-providers-openlineage | $(COMPILE) -c requirements.txt - \
		| $(BIN)/python -m tests.release.pins > tests/benchmarks/requirements.txt.new
	echo apache-airflow-providers-fab | $(COMPILE) -c requirements.txt - \
		| $(BIN)/python -m tests.release.pins > tests/web/fab/requirements.txt.new
	mv tests/benchmarks/requirements.txt.new tests/benchmarks/requirements.txt
	mv tests/web/fab/requirements.txt.new tests/web/fab/requirements.txt

clean:  ## Remove everything that was made
	rm -rf $(VENV) airflow_spanner_lro/web/ui/node_modules .demo .bench dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
		.hypothesis .coverage* docs/_build

# what is not the very file that was pinned is not installed
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" && "$(PYTHON)" -c '$(SUITABLE)' 2>/dev/null || { \
		echo "This needs Python 3.11 or newer, and '$(or $(PYTHON),python3)' is not." \
			"Install one, or name it: make $(or $(MAKECMDGOALS),test) PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	@echo "Setting up $(VENV) with $$("$(PYTHON)" --version) and the pinned packages"
	@rm -rf $(VENV)
	@"$(PYTHON)" -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > $(VENV)/uv.txt
	@$(PIP) -r $(VENV)/uv.txt 2>/dev/null \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt \
		|| $(PIP) -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(EXTRA)/.ready: tests/benchmarks/requirements.txt $(READY)
$(FAB)/.ready: tests/web/fab/requirements.txt $(READY)
$(EXTRA)/.ready $(FAB)/.ready:
	@rm -rf $(@D)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes \
		--target $(@D) -r $< 2>/dev/null || $(PIP) --target $(@D) -r $<
	@touch $@
