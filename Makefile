# Everything from a fresh Debian machine with Python 3.11 and make:
#   make run     set up, start the app
#   make test    set up, all quick tests
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
TWO := -n 2 --dist loadfile  # processes; a file stays in one, with what its tests share
PIP := $(BIN)/pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-cluster chromium run test test-all corpus load chaos lint bench screenshots texts clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cnnviz needs Python 3.11 or newer ($(PYTHON) is older)."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	@echo "Installing packages (a few minutes the first time) …"
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "Installing packages for the tests …"
	$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/.installed

setup: $(VENV)/.installed  ## the virtual environment with everything the app needs

setup-dev: $(VENV)/.installed-dev chromium  ## the same for the tests, with Debian's chromium

setup-cluster: setup  ## the same as setup, with Ray for several machines (docs/cluster.md)
	$(PIP) -r requirements-cluster.txt

chromium:
	@command -v chromium >/dev/null || { \
	  echo "Installing Debian's chromium and a Chinese font for the browser tests …"; \
	  S=; [ "$$(id -u)" = 0 ] || S=sudo; \
	  $$S apt-get update -qq && \
	  $$S apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; }

run: setup  ## set up, then start the app on port 8501 (PORT=… changes it)
	@$(BIN)/python -m cnnviz serve --port $(PORT)

test: setup-dev lint  ## set up, then all quick tests
	$(BIN)/python -m pytest tests -q $(TWO) -m "not slow and not browser" --ignore=tests/pages
	$(BIN)/python -m pytest tests/pages -q $(TWO) -m "not slow"
	$(BIN)/python -m pytest tests/browser -q -m "not slow"

test-all: setup-dev lint  ## everything, with what takes longer
	$(BIN)/python -m pytest tests -q $(TWO) -m "not browser" --ignore=tests/pages
	$(BIN)/python -m pytest tests/pages -q $(TWO)
	$(BIN)/python -m pytest tests/browser -q
	$(BIN)/python -m benchmarks.chaos
	$(BIN)/python -m benchmarks.load

corpus: setup-dev  ## hundreds of hostile and odd files: images, models, zips; what became of them
	$(BIN)/python -m tests.corpus
	$(BIN)/python -m pytest tests/models/test_sandbox.py -q
	CNNVIZ_FUZZ_SECONDS=60 $(BIN)/python -m pytest tests/corpus/test_fuzz.py -q

load: setup-dev  ## sixty people at work on this machine: errors, times, memory (twelve minutes)
	$(BIN)/python -m benchmarks.load

chaos: setup-dev  ## a class while workers and server are killed thirty times (eight minutes)
	$(BIN)/python -m benchmarks.chaos

lint: $(VENV)/.installed-dev  ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

bench: setup-dev  ## all benchmarks, as tables of ratios
	@for script in $(filter-out benchmarks/load.py,$(wildcard benchmarks/[a-z]*.py)); do echo "== $$script"; \
	  $(BIN)/python -m benchmarks.$$(basename $$script .py) || exit 1; done

screenshots: setup-dev  ## every page, wide and narrow, light and dark, English and Chinese
	$(BIN)/python tools/screenshots.py

texts: setup-dev  ## bring the gettext catalogues up to date with the code
	$(BIN)/python tools/update_catalogues.py

clean:  ## remove the virtual environment (never your work)
	rm -rf $(VENV)
