# make demo | test | oracle-test | compat | web | web-test | android | android-debug | android-test |
#      web-screenshots | notebook | dist | chaos | lint | bench | clean
#
# The first Python from 3.10 to 3.13 that runs is used; PYTHON=... chooses another.

VENV := .venv
BIN := $(VENV)/bin
ORACLE := .venv-oracle
COMPAT := .venv-compat
# A worker that dies fails the run: its tests are not handed to another one.
PYTEST := $(BIN)/python -m pytest --dist=loadfile --no-loadscope-reorder --max-worker-restart=0
PIP_INSTALL := python -m pip install --quiet --disable-pip-version-check
# What page and app show unless told otherwise: the cats that come with the repository.
RUN_DIR ?= pretrained/cats_128
MODELS ?= models/cats_128
# A weights folder has examples of its own; of a run, some held-out images are copied.
EXPORT_EXAMPLES = $(if $(wildcard $(RUN_DIR)/weights.safetensors),,--examples=4)
WEB_EXPECTED := web_demo/.expected
# An exported pair that the page is tested with; without one, a tiny pair is made.
WEB_MODELS ?= $(if $(wildcard $(MODELS)/manifest.json),$(MODELS))
PYTHON ?= $(shell for v in 3.11 3.12 3.13 3.10; do \
	python$$v -c 'import venv, ensurepip' 2>/dev/null && echo python$$v && exit; done; \
	python3 -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo python3)
COMPAT_PYTHON ?= $(shell for v in 3.11 3.10 3.9; do \
	python$$v -c 'import venv, ensurepip' 2>/dev/null && echo python$$v && exit; done)
export PYTHONPATH := $(CURDIR)

.PHONY: demo web android android-debug test oracle-test compat web-test android-test web-measure web-screenshots notebook dist chaos lint bench clean

# Begins with what is worth seeing: a photograph redrawn by the cats that come with the repository.
demo: $(VENV)/.installed-tflite
	$(BIN)/python -m tunit_tf.translate --run_dir=pretrained/cats_128 \
		--source=pretrained/cats_128/picture_Mia.jpg --reference=pretrained/cats_128/look_Tabby.jpg \
		--overwrite --output=runs/cats
	@echo "Look at runs/cats/picture_Mia.jpg while small networks are trained (about 4 minutes)."
	$(BIN)/python -m tunit_tf.train --flagfile=configs/quickstart.cfg
	$(BIN)/python -m tunit_tf.evaluate --run_dir=runs/quickstart --features=random_conv64
	$(BIN)/python -m tunit_tf.translate --run_dir=runs/quickstart --source=docs/images/shapes \
		--reference=docs/images/looks --grid --overwrite --output=runs/quickstart/translated
	$(BIN)/python -m export.saved_model --run_dir=runs/quickstart --output=models/quickstart
	$(BIN)/python -m export.tflite --run_dir=runs/quickstart --output=models/mobile --examples=4
	$(BIN)/python -m export.benchmark --run_dir=runs/quickstart --models=models/mobile

# Tests of training compile large graphs, and TensorFlow keeps a part of their memory until the process
# ends: more processes, which do not run the other tests.
test: lint
	$(PYTEST) -n 3 tests/training
	$(PYTEST) -n 2 tests --ignore=tests/training

# Tests with PyTorch and Beam as oracles, in an environment of their own (PyTorch's Linux build
# brings 5 GB of CUDA libraries).
oracle-test: $(ORACLE)/.installed
	$(ORACLE)/bin/python -m pytest tests/oracle

# Archived libraries as oracles, in an environment of their own; Debian needs libusb-1.0-0.
compat: $(VENV)/.installed-test $(COMPAT)/.installed
	$(BIN)/python -m tests.compat.write_expected $(COMPAT)/expected
	$(COMPAT)/bin/python -m pytest -c tests/compat/pytest.ini --confcutdir=tests/compat \
		--expected=$(COMPAT)/expected tests/compat

# The page, with the models of a folder, on http://localhost:8080; exported from RUN_DIR if missing.
web: web_demo/dist/index.html
	test -f $(MODELS)/manifest.json || { $(MAKE) $(VENV)/.installed-tflite && \
		$(BIN)/python -m export.tflite --run_dir=$(RUN_DIR) --output=$(MODELS) $(EXPORT_EXAMPLES); }
	cd web_demo && MODELS=$(abspath $(MODELS)) npm run --silent serve

# Kills, damages and fills up real runs; half an hour, or ten minutes with QUICK=1.
chaos: $(VENV)/.installed
	$(BIN)/python -m tests.chaos $(if $(QUICK),--quick)

web-test: $(VENV)/.installed-test web_demo/dist/index.html
	cd web_demo && npm test --silent
	$(BIN)/python -m tests.web_demo.write_expected $(WEB_EXPECTED) $(WEB_MODELS)
	cd web_demo && EXPECTED=$(abspath $(WEB_EXPECTED)) MODELS=$(abspath $(or $(WEB_MODELS),$(WEB_EXPECTED)/mobile)) \
		npm run --silent test-browser

# Times of the page for 1, 2 and 4 threads; after `make web-test`.
web-measure: web_demo/dist/index.html
	cd web_demo && EXPECTED=$(abspath $(WEB_EXPECTED)) MODELS=$(abspath $(or $(WEB_MODELS),$(WEB_EXPECTED)/mobile)) \
		npm run --silent measure

# Pictures of the page for docs/, with the examples of MODELS, in the folder SCREENSHOTS.
SCREENSHOTS ?= build/screenshots
web-screenshots: web_demo/dist/index.html
	cd web_demo && MODELS=$(abspath $(MODELS)) npm run --silent screenshots -- $(abspath $(SCREENSHOTS))

web_demo/node_modules/.package-lock.json: web_demo/package.json web_demo/package-lock.json
	@node --version >/dev/null 2>&1 || { echo "The page needs Node.js 20.19 or newer with npm (Debian: apt-get install nodejs npm)." >&2; exit 1; }
	cd web_demo && npm ci --silent
	touch $@

web_demo/dist/index.html: web_demo/node_modules/.package-lock.json web_demo/index.html \
		web_demo/vite.config.js $(wildcard web_demo/src/* web_demo/public/* docs/images/shapes/* docs/images/looks/*)
	cd web_demo && npm run --silent build

# Runs the example notebook and keeps its outputs.
notebook: $(VENV)/.installed-test
	$(BIN)/python -m jupyter execute --inplace docs/own_folder.ipynb

# Wheel and sdist, in dist/.
dist: $(VENV)/.installed-test
	$(BIN)/python -m build --outdir dist .

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks.train_step
	$(BIN)/python -m benchmarks.input_pipeline
	$(BIN)/python -m benchmarks.evaluation_memory
	$(BIN)/python -m benchmarks.serving

$(VENV)/.installed: requirements.txt
	@test -n "$(PYTHON)" || { echo "No Python from 3.10 to 3.13 with venv found; install one (Debian: apt-get install python3 python3-venv) or give PYTHON=/path/to/python." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP_INSTALL) -r requirements.txt
	touch $@

$(VENV)/.installed-tflite: $(VENV)/.installed requirements-tflite.txt
	$(BIN)/$(PIP_INSTALL) -r requirements-tflite.txt
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed requirements-test.txt requirements-features.txt \
		requirements-onnx.txt requirements-serving.txt requirements-tflite.txt requirements-video.txt
	$(BIN)/$(PIP_INSTALL) -r requirements-test.txt
	touch $@

$(ORACLE)/.installed: requirements.txt requirements-oracle.txt requirements-test.txt \
		requirements-beam.txt requirements-features.txt requirements-onnx.txt \
		requirements-serving.txt requirements-tflite.txt requirements-video.txt
	test -x $(ORACLE)/bin/python || $(PYTHON) -m venv $(ORACLE)
	$(ORACLE)/bin/$(PIP_INSTALL) -r requirements.txt -r requirements-oracle.txt
	touch $@

$(COMPAT)/.installed: requirements-compat.txt
	@test -n "$(COMPAT_PYTHON)" || { echo "TensorFlow 2.15 needs Python 3.9 to 3.11; install one or give COMPAT_PYTHON=/path/to/python." >&2; exit 1; }
	test -x $(COMPAT)/bin/python || $(COMPAT_PYTHON) -m venv $(COMPAT)
	$(COMPAT)/bin/$(PIP_INSTALL) -r requirements-compat.txt
	touch $@

# Build products only: runs/ and models/ hold what was trained.
clean:
	rm -rf $(VENV) $(ORACLE) $(COMPAT) web_demo/node_modules web_demo/dist web_demo/dist.partial $(WEB_EXPECTED) \
		build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

include android_demo/android.mk
