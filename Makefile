# What a person does here, one word each. `make` alone lists them.
# Needs python3, make and git; everything else comes into .venv, once.

VENV  := .venv
# Who has activated .venv installs with the python3 behind it: that of .venv has no pip.
export PATH := $(subst $(CURDIR)/$(VENV)/bin:,,$(PATH))
BIN   := $(VENV)/bin
READY := $(VENV)/.ready
TRANSFORMERS := $(VENV)/.transformers

# Two at a time, whole files each: as many cores as the smallest machine has.
PYTEST := pytest -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help demo test long check transformers mutants bench format constraints clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## Watch people and agents talk in one room, offline
	@$(BIN)/tertulia demo

test: $(READY) ## Run the tests
	@$(BIN)/$(PYTEST)

long: $(READY) ## Run the tests that take minutes, too: a kill at every moment
	@$(BIN)/pytest -m long

# Every step runs, whatever the one before it said, so that one call shows all there is to mend.
check: $(READY) $(TRANSFORMERS) ## Run what CI runs: format, lint, types, import rules, tests
	@failed=; \
	for step in 'ruff format --check' 'ruff check' mypy lint-imports '$(PYTEST)'; do \
	  printf '\n== %s\n' "$$step"; \
	  $(BIN)/$$step || failed="$$failed [$$step]"; \
	done; \
	if [ -n "$$failed" ]; then printf '\nfailed:%s\n' "$$failed" >&2; exit 1; fi

transformers: $(TRANSFORMERS) ## Install what runs Transformers' models in this process (torch is large)

mutants: $(READY) ## Break a copy of the source in many places: do the tests notice?
	@$(BIN)/python -m tests.mutants.mutation $(ONLY)

bench: $(READY) ## Measure turns and rooms on this machine
	@$(BIN)/tertulia bench turns --json
	@$(BIN)/tertulia bench rooms

format: $(READY) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

constraints: $(READY) ## Write the versions now in .venv to constraints.txt
	@$(find_uv); \
	$$uv pip freeze --quiet --python $(VENV) > $(VENV)/frozen.txt; \
	grep -E '^[A-Za-z0-9._-]+==[^ ]+$$' $(VENV)/frozen.txt | grep -vE '^(tertulia|torch|triton|nvidia-.*)==' > constraints.txt
	@touch $(READY)

clean: ## Remove caches and built files (.venv stays; remove it by hand to start over)
	@rm -rf build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find src tests examples bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ---- the one environment ------------------------------------------------------

# Leaves in $uv how to call uv: the command, the module, or the module after pip has fetched it.
define find_uv
set -e; \
if uv --version >/dev/null 2>&1; then uv=uv; else \
  uv='python3 -m uv'; \
  if ! $$uv --version >/dev/null 2>&1; then \
    python3 -m pip --version >/dev/null 2>&1 || python3 -m ensurepip --user >/dev/null 2>&1 || { \
      echo "This needs uv, or pip to fetch it, and python3 here has neither." >&2; \
      echo "Install one of them (on Debian: apt-get install python3-pip), then run make again." >&2; \
      exit 1; }; \
    echo "Installing uv with pip ..."; \
    python3 -m pip install --quiet --user uv 2>/dev/null \
      || python3 -m pip install --quiet --user --break-system-packages uv 2>/dev/null \
      || python3 -m pip install --quiet uv; \
  fi; \
fi
endef

$(READY): pyproject.toml constraints.txt
	@$(find_uv); \
	python=$$(python3 -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else 3.11)'); \
	$$uv venv --quiet --allow-existing --python "$$python" $(VENV); \
	$$uv pip install --quiet --python $(VENV) -c constraints.txt -e '.[embedded,mcp,tasks,telemetry,otlp,dev]'
	@touch $@

# pip installs torch, since it can be told of a CPU build on the disk; uv finds it there and keeps it.
# Tests that need it are skipped where it is not.
$(TRANSFORMERS): $(READY) constraints-transformers.txt
	@$(find_uv); \
	python3 -m pip --python $(BIN)/python install --quiet -c constraints.txt \
	    -r constraints-transformers.txt \
	  || $$uv pip install --quiet --python $(VENV) -r constraints-transformers.txt; \
	$$uv pip install --quiet --python $(VENV) -c constraints.txt -c constraints-transformers.txt \
	  -e '.[transformers,quantised]'
	@touch $@
