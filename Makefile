# What one does in this repository. `make` alone says what there is.

# The Python that makes the environment: `make test PYTHON=python3.13`.
PYTHON ?= python3
# How many tests run at once: twice as many as two cores, as many wait for something.
WORKERS ?= 4
# Handed on as they are: `make test ARGS='tests/codecs -x'`, `make bench ARGS=--help`.
ARGS ?=

venv  := .venv/bin
# Written last by tools/bootstrap.py: an environment without it is not finished.
ready := .venv/imgpipe-ready

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env demo test check format bench chaos samples catalogue man docs dist clean

help: ## this list
	@echo 'make TARGET, where TARGET is one of'
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/    \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14
	@echo
	@echo 'The first that needs it makes the environment in .venv; activate it, or call .venv/bin/imgpipe.'

# It says for which folder it was made. Programs in an environment name theirs: where it was moved, all of it is made anew.
place := $(shell cat $(ready) 2>/dev/null)
ifneq ($(place),)
ifneq ($(place),$(realpath .venv/..))
.PHONY: $(ready)
endif
endif

env: $(ready) ## make the environment in .venv, or bring it up to date

$(ready): pyproject.toml tools/bootstrap.py $(wildcard tests/requirements-s3.txt)
	@$(PYTHON) tools/bootstrap.py

# Two of the samples are broken on purpose, so imgpipe must end with 1, "some inputs failed", and with nothing else.
demo: $(ready) ## process the sample pictures into out/
	@echo '$$ imgpipe process sample_images out'
	@status=0; $(venv)/imgpipe process sample_images out || status=$$?; \
	if [ $$status -ne 1 ]; then \
	    echo "The demo expected exit status 1 and got $$status." >&2; exit 1; \
	fi
	@echo
	@echo 'Two failures are right: truncated.jpg and text.jpg are broken on purpose, to show that a bad file costs'
	@echo 'one file. That is why imgpipe ended with exit status 1. README.md and generate.py are no pictures: skipped.'
	@echo
	@echo 'Look into   out/                        the results, e.g. out/dunes.jpg'
	@echo 'Why these   sample_images/README.md     what each picture is there for'
	@echo 'Try next    .venv/bin/imgpipe process sample_images out2 --resize 400x400 --format webp'

test: $(ready) ## run the tests; all but the long attacks
	$(venv)/python -m pytest -n $(WORKERS) $(ARGS)

check: $(ready) ## lint, formatting, types, and which module may import which
	$(venv)/ruff check
	$(venv)/ruff format --check
	$(venv)/mypy
	$(venv)/lint-imports

format: $(ready) ## format the code, and mend what the linter can mend
	$(venv)/ruff format
	$(venv)/ruff check --fix

bench: $(ready) ## measure; ARGS are handed on
	$(venv)/python -m benchmarks $(ARGS)

# One at a time: an attack that starves the others would blame them. Some run for minutes.
chaos: $(ready) ## the long attacks: kill workers and runs at random, and look for damage
	$(venv)/python -m pytest -m chaos --timeout=1800 $(ARGS)

samples: $(ready) ## paint the sample pictures anew
	$(venv)/python sample_images/generate.py

man: $(ready) ## write the manual pages, docs/man, from what the commands say of themselves
	$(venv)/python tools/man.py

catalogue: $(ready) ## write docs/filters.md and its pictures from what the filters say
	$(venv)/python tools/catalogue.py

# Warnings are errors, also a link that leads nowhere (-n).
docs: $(ready) ## make the docs site in docs/_build/html
	$(venv)/sphinx-build -W --keep-going -n -q -b html docs docs/_build/html
	@echo 'Open docs/_build/html/index.html'

# The sdist first, and the wheel out of it; then the wheel in empty environments, filled from the registry.
dist: $(ready) ## build the wheel and the sdist into dist/, and try them in an empty environment
	rm -rf dist
	$(venv)/python -m build --no-isolation
	$(venv)/twine check --strict dist/*
	$(venv)/python -m pytest -m registry tests/packaging

# Only what can be made again, by name; out is the demo's.
clean: ## remove .venv, out, dist and the caches
	rm -rf .venv out dist docs/_build
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	for folder in imgpipe tests tools benchmarks sample_images docs; do \
	    if [ -d $$folder ]; then find $$folder -name __pycache__ -type d -prune -exec rm -rf {} +; fi; \
	done
