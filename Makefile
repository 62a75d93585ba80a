# `make` lists the targets. Python 3.11, 3.12 or 3.13 is looked for on the path; `make PYTHON=/path/to/python` names one.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
SET_UP := sh tools/set_up.sh $(VENV) "$(PYTHON)"
WORKERS := 2
export TF_CPP_MIN_LOG_LEVEL = 3

.PHONY: help book pdf test portable linkcheck lab serve notebooks exercises answers stamp bench colab runtimes lock clean

help:  ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

book:  ## build the website from the committed outputs, in _build/html
	@$(SET_UP) book
	@$(BIN)/jupyter-book build . -W -n --keep-going --quiet || { rm -rf _build; exit 1; }  # a kept build would hide warnings
	@echo "The course is built. Open $(CURDIR)/_build/html/index.html"

pdf: book  ## print the whole course to _build/html/batch-normalization.pdf (needs Chromium)
	@$(SET_UP) test
	@$(BIN)/python tools/pdf.py

test:  ## run every test: package, notebooks, exercises, lints, site
	@$(SET_UP) test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadscope --no-loadscope-reorder

portable:  ## run package tests, notebooks and stored experiments as other processors would (about an hour)
	@$(SET_UP) test
	@TQDM_DISABLE=1 $(BIN)/python tools/portable.py $(EMULATIONS)

linkcheck:  ## ask every address that the pages link to (needs the network)
	@$(SET_UP) book
	@$(BIN)/jupyter-book build . --builder linkcheck --path-output _build/linkcheck

lab:  ## open the chapters in JupyterLab
	@$(SET_UP) lab
	@$(BIN)/jupyter-lab book

serve: book  ## build the website and serve it at http://127.0.0.1:8000
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

notebooks:  ## execute chapters in place: all, or CHAPTERS="forward layer"; FORCE=1 renews what still agrees, too
	@$(SET_UP) test
	@$(BIN)/python tools/notebooks.py $(if $(FORCE),--force) $(CHAPTERS)

exercises:  ## write stubs, hints and solutions from the package into the chapters
	@$(SET_UP) test
	@$(BIN)/python tools/exercises.py

answers:  ## try right and wrong answers on the checker, and count what it says: all, or EXERCISES="forward layer.2"
	@$(SET_UP) test
	@$(BIN)/python tools/answers.py $(EXERCISES)

stamp:  ## write chapters' numbers and facts, the repository's address and the version wherever they stand
	@$(SET_UP) test
	@$(BIN)/python tools/stamp.py
	@$(BIN)/python tools/exercises.py

bench:  ## measure speed side by side with TensorFlow
	@$(SET_UP) test
	@for suite in convolution batchnorm layer deployment; do $(BIN)/python -m benchmarks.$$suite || exit 1; done

colab:  ## rehearse every chapter with Colab's versions: RUNTIME=latest or oldest
	@$(SET_UP) test
	@$(BIN)/python tools/colab.py $(RUNTIME)

runtimes:  ## compare the rehearsed versions with what Colab publishes (needs the network)
	@$(SET_UP) test
	@$(BIN)/python tools/runtimes.py

lock:  ## renew requirements.txt (needs uv)
	@sh tools/lock.sh

clean:  ## remove the environment and everything built
	rm -rf $(VENV) _build
