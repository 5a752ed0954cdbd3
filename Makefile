# Everything works from a fresh clone with nothing but python3.11 (or newer), make and git.
#
#   make demo    a guided tour against a local emulator
#   make test    all that CI runs: lint, types, import rules, tests with coverage
#   make bench   measures against the floor and what else there is, and rewrites docs/benchmarks.md
#
# PYTHON=/path/to/python3.12 make test    chooses another interpreter

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lint audit-workflows format golden bench fuzz soak mutants record build sbom audit reliability lock clean

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
TOOLS  := .cache/tools-venv
# The resolver that writes the lock files. Nothing else needs it, so it gets a venv of its own.
LOCKER := uv==0.13.9

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/runtime.stamp ## tour: plan, apply, drift, repair and destroy against a local emulator
	@PATH="$(CURDIR)/$(BIN):$$PATH" docs/examples/demo.sh

test: lint check ## everything that CI runs

# What runs the program thousands of times does so without coverage: measuring it costs a third more there and adds no line.
# Many tests wait for processes, so one worker more than there are cores.
check: WORKERS = $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)
check: $(VENV)/dev.stamp | .cache/promtool/tried
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --cov --cov-report term --ignore tests/reliability --ignore tests/properties
	$(BIN)/python -m pytest --numprocesses $(WORKERS) tests/reliability tests/properties

lint: $(VENV)/dev.stamp audit-workflows ## style, format, types, import rules and workflows
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter

# Offline: nothing is looked up, so what a pinned commit holds is not checked here.
WORKFLOWS := $(wildcard .github/workflows/*.yml) reconciler/cli/scaffold/github-actions.yml
audit-workflows: $(VENV)/dev.stamp ## workflows and the action: their schemas, and what could be abused in them
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci reconciler/cli/scaffold/gitlab-ci.yml
	$(BIN)/zizmor --offline --quiet --persona=pedantic $(WORKFLOWS) action.yml

format: $(VENV)/dev.stamp ## rewrite the sources in the house format
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format

golden: $(VENV)/dev.stamp ## accept the present output as the new golden files
	$(BIN)/python -m pytest --numprocesses auto --update-golden
	git status --short -- tests

# Prometheus' own checker of metrics and alerting rules, where a Debian archive has it; tried once.
.cache/promtool/tried:
	@.ci/promtool $(@D)
	@touch $@

reliability: $(VENV)/dev.stamp ## run the tests that hold the promises; their figures go into docs/reliability.md
	rm -rf .cache/figures
	$(BIN)/python -m pytest --numprocesses auto $$($(BIN)/python -m tests.reliability.page tests)
	$(BIN)/python -m tests.reliability.page write

record: $(VENV)/dev.stamp ## ask a real Clarifai how it behaves (CLARIFAI_PAT), for docs/emulator-honesty.md
	$(BIN)/python -m tests.recordings.record $(ARGS)

bench: .bench-venv/stamp ## measure and rewrite docs/benchmarks.md; QUICK=1 or ONLY=noop-plan only prints
	.bench-venv/bin/python -m benchmarks $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

# A case is 100 programmes; one that fails is run again by its name, with the same PROGRAMMES and STEPS.
soak: $(VENV)/dev.stamp ## ten thousand random programmes of fifty steps: 75 minutes of processor time, so some 40 on two idle cores
	PROGRAMMES=10000 STEPS=50 $(BIN)/python -m pytest --numprocesses auto --timeout 1800 tests/reliability/test_stateful.py

# Mutmut changes the copy that it makes, and gets a venv of its own with what the tests need.
MUTANTS := .cache/mutants
mutants: requirements/dev.txt ## how many small changes of diff, order and retry their tests notice: half an hour
	@test -x $(MUTANTS)/venv/bin/mutmut || { .ci/venv $(MUTANTS)/venv && $(MUTANTS)/venv/bin/python -m pip --quiet install --require-hashes -r requirements/dev.txt && $(MUTANTS)/venv/bin/python -m pip --quiet install "mutmut>=3.8,<4"; }
	.ci/mutants $(MUTANTS)

fuzz: .fuzz-venv/stamp ## bend the files that it reads: TARGET=plans (manifests, settings, variables), SECONDS=600
	.fuzz-venv/bin/python -m tests.fuzz.fuzz_load $(or $(TARGET),manifests) $(or $(SECONDS),60)

build: $(VENV)/dev.stamp ## wheel and source archive in dist/: the same bytes wherever this commit is built
	.ci/build $(BIN)/python dist

sbom: $(TOOLS)/stamp ## dist/sbom.json: all that a user installs, as CycloneDX 1.6
	.ci/sbom $(TOOLS)/bin dist/sbom.json

audit: $(TOOLS)/stamp ## known vulnerabilities of what is locked (asks a database on the network)
	$(TOOLS)/bin/pip-audit --disable-pip --require-hashes --requirement requirements/runtime.txt
	$(TOOLS)/bin/pip-audit --disable-pip --require-hashes --requirement requirements/dev.txt

clean: ## remove the venv, caches and build results
	rm -rf $(VENV) .bench-venv .fuzz-venv .lock-venv .cache .coverage .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the virtual environment
#
# Two stamps, so that `make demo` does not install linters. `dev.txt` holds the very versions of `runtime.txt`, so either may come first.

$(VENV)/runtime.stamp: requirements/runtime.txt pyproject.toml | $(VENV)/created
	@echo "Installing what the program needs into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(VENV)/created
	@echo "Installing what the program and its tests need into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(VENV)/runtime.stamp $@

$(VENV)/created:
	@.ci/venv $(VENV)
	@touch $@

.bench-venv/stamp: requirements/bench.txt pyproject.toml
	@.ci/venv .bench-venv
	@.bench-venv/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/bench.txt
	@.bench-venv/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

.fuzz-venv/stamp: requirements/fuzz.txt pyproject.toml
	@.ci/venv .fuzz-venv
	@.fuzz-venv/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/fuzz.txt
	@.fuzz-venv/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

# What looks at the result from outside, in a venv of its own: nothing of it may end up in a bill of materials.
$(TOOLS)/stamp: requirements/tools.txt
	@.ci/venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/tools.txt
	@touch $@

# ---- the lock

lock: ## resolve pyproject.toml anew into requirements/*.txt
	@test -x .lock-venv/bin/uv || { .ci/venv .lock-venv && .lock-venv/bin/python -m pip --quiet install $(LOCKER); }
	.ci/lock .lock-venv/bin/uv
