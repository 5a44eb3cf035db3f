# `make demo` shows the whole path in a few minutes, `make test` checks it.
# Both first set up .venv from requirements.lock, once; that needs the package index and about 7 GB.

BIN := .venv/bin
READY := .venv/.installed
FIND_PYTHON := for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done
COMPILE := pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet
# A crashed process is not replaced: with loadfile pytest-xdist would then wait forever for the lost tests.
# Two processes with one thread each: torch's own threads fight each other when the cores are few.
# tests/conftest.py puts the slowest files first; pytest-xdist would put those with few tests last.
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint format lock clean

demo: $(READY)
	$(BIN)/empdetect demo --out demo/

test: $(READY)
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Keeps the versions that stand in the lock; `make lock UPGRADE=--upgrade` takes the newest ones.
lock: $(READY)
	$(BIN)/uv $(COMPILE) $(UPGRADE) --output-file requirements.lock

clean:
	rm -rf .venv demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# pip only fetches uv, by its hash in the lock. uv takes the builds of torch, torchvision and torchaudio
# that belong together; plain pip may pick ones that do not load each other.
$(READY): requirements.lock pyproject.toml
	@python=$$($(FIND_PYTHON)); if [ -z "$$python" ]; then \
	echo "Python 3.11 or newer with its venv module is needed; on Debian: apt-get install python3 python3-venv" >&2; \
	exit 1; fi; test -x $(BIN)/pip || $$python -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	$(BIN)/pip install --quiet --no-deps --require-hashes -r .venv/uv.txt
	$(BIN)/uv pip sync --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
