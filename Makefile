# Two commands set everything up on a fresh machine: `make app` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Three on two cores: two drive a browser and wait for it, the third computes meanwhile.
WORKERS ?= 3
# A file stays in one worker: its fixtures are made once. Order, and which files stay together: tests/conftest.py.
TESTS  := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --ignore tests/ray
# What Python compiled is kept, whatever the surroundings say: torch, transformers and gradio are 25 seconds of compiling in
# every process that imports them, and the tests start some twenty of those.
unexport PYTHONDONTWRITEBYTECODE
CHROMIUM_PATHS := chromium chromium-browser google-chrome

.PHONY: app audit test all-tests test-ray lint types unit browser screenshots notebook browser-needs benchmark fuzz report model vectors clean help

help:  ## say what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

app: $(VENV)/.runtime  ## install what the app needs and run it
	$(BIN)/python app.py

test:  ## install what the tests need, Chromium beside the packages, look at style, and run them all, types beside them
	$(MAKE) --no-print-directory --jobs 2 browser-needs lint
	$(MAKE) --no-print-directory --jobs 2 types all-tests

all-tests: $(VENV)/.development browser-needs
	$(TESTS) $(PYTEST)

test-ray: $(VENV)/.development $(VENV)/.ray  ## many machines: two nodes of Ray on this one, with workers and drivers killed; minutes
	$(BIN)/python -m pytest tests/ray $(PYTEST)

unit: $(VENV)/.development  ## the tests that need no Chromium; PYTEST="-k name" narrows these, test and browser
	$(TESTS) -m "not browser" $(PYTEST)

browser: $(VENV)/.development browser-needs  ## the tests in Chromium
	$(TESTS) -m browser $(PYTEST)

lint: $(VENV)/.development  ## style of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.development  ## types of the library and the pages
	$(BIN)/mypy

benchmark: $(VENV)/.development browser-needs  ## speed and memory, both sides in one run, and what a visitor waits for
	$(BIN)/python -m perf.extraction
	$(BIN)/python -m perf.early_exit
	$(BIN)/python -m perf.detail
	$(BIN)/python -m perf.prefixes
	$(BIN)/python -m perf.clips
	$(BIN)/python -m perf.decoding
	$(BIN)/python -m perf.refit
	$(BIN)/python -m perf.report_speed
	$(BIN)/python -m perf.vectors
	$(BIN)/python -m perf.search_index
	$(BIN)/python -m perf.stream
	$(BIN)/python -m perf.wire
	$(BIN)/python -m perf.head_maps
	$(BIN)/python -m perf.app

fuzz: $(VENV)/.development  ## send every reader of strangers' bytes and messages spoiled ones; hours
	$(BIN)/python -m perf.fuzz

report: $(VENV)/.lora  ## measure the embedded model anew: rules, selection, controls, function vectors, causes, pointing, atlas; docs/ and the README
	$(BIN)/python -m tools.report
	$(BIN)/python -m tools.report.vectors
	$(BIN)/python -m tools.report.causes
	$(BIN)/python -m tools.report.rivals
	$(BIN)/python -m tools.report.pointing
	$(BIN)/python -m tools.report.atlas

model: $(VENV)/.tools  ## train the embedded model anew: a day of two cores; stopped and called again, it goes on
	$(BIN)/python -m tools.artwork
	$(BIN)/python -m tools.photographs
	$(BIN)/python -m tools.tower
	$(BIN)/python -m tools.train
	$(BIN)/python -m tools.export
	$(BIN)/python -m tools.evaluate_model
	$(BIN)/python -m tools.make_examples --measure
	$(BIN)/python -m tools.write_card
	$(BIN)/python -m tools.make_vectors

vectors: $(VENV)/.runtime  ## make the ready function vectors anew, as is needed whenever the embedded model is another one
	$(BIN)/python -m tools.make_vectors

screenshots: $(VENV)/.development browser-needs  ## take the README's pictures and animation of the app as it is now
	$(BIN)/python -m tools.screenshots

audit: $(VENV)/.audit  ## known vulnerabilities of all that is installed, and licences; needs a network
	$(BIN)/pip-audit --strict --local || { echo "The audit did NOT pass: a vulnerability is above, or it could not be looked up."; exit 1; }
	$(BIN)/python -m tools.licences

notebook: $(VENV)/.development  ## run the notebook of docs/ and store what it shows
	$(BIN)/python -m tools.notebook

browser-needs:
	@for name in $(CHROMIUM_PATHS); do command -v $$name >/dev/null && exit 0; done; \
	echo "Chromium is missing: installing it"; \
	as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	$$as_root apt-get update -qq && $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.tools: requirements-tools.txt requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-tools.txt
	touch $@

$(VENV)/.lora: requirements-lora.txt requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-lora.txt
	touch $@

$(VENV)/.audit: requirements-audit.txt requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	touch $@

$(VENV)/.ray: requirements-ray.txt requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-ray.txt
	touch $@

# Not compiled: Python compiles what the tests import, which is a small part of what pip would compile.
$(VENV)/.development: requirements-dev.txt requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -r requirements-dev.txt
	touch $@

clean:  ## remove the virtual environment and everything made
	rm -rf $(VENV) .build .mypy_cache .pytest_cache .ruff_cache .hypothesis
