# make demo | test | lint | clean
#
# The first Python from 3.10 to 3.13 that runs is used; PYTHON=... chooses another.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for v in 3.11 3.12 3.13 3.10; do \
	python$$v -c 'import venv, ensurepip' 2>/dev/null && echo python$$v && exit; done; \
	python3 -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo python3)
export PYTHONPATH := $(CURDIR)

.PHONY: demo test lint bench clean

demo: $(VENV)/.installed
	$(BIN)/python -m tunit_tf.train --flagfile=configs/quickstart.cfg
	$(BIN)/python -m tunit_tf.evaluate --run_dir=runs/quickstart --features=random_conv64
	$(BIN)/python -m tunit_tf.translate --run_dir=runs/quickstart --source=docs/images/shapes \
		--reference=docs/images/looks --grid --overwrite --output=runs/quickstart/translated
	$(BIN)/python -m export.saved_model --run_dir=runs/quickstart --output=models/quickstart

test: lint
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks.train_step
	$(BIN)/python -m benchmarks.input_pipeline
	$(BIN)/python -m benchmarks.evaluation_memory
	$(BIN)/python -m benchmarks.import_official
	$(BIN)/python -m benchmarks.serving

$(VENV)/.installed: requirements.txt
	@test -n "$(PYTHON)" || { echo "No Python from 3.10 to 3.13 with venv found; install one (Debian: apt-get install python3 python3-venv) or give PYTHON=/path/to/python." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed requirements-test.txt \
		requirements-import.txt requirements-serving.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	touch $@

clean:
	rm -rf $(VENV) runs .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
