# The command list. `make help` prints it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CAMERA ?= replay://models/phantom/frames?fps=30&loop=1
# On a Pi picamera2 and lgpio come from apt, so the environment sees the system's packages there.
SYSTEM := $(shell $(PYTHON) -c 'import picamera2' 2>/dev/null && echo --system-site-packages)
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes

.PHONY: help setup setup-test setup-workshop chromium demo test lint bench clean

help:            ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

setup: $(VENV)/.device            ## create .venv from requirements.txt (pip, hash-pinned)
setup-test: $(VENV)/.test
setup-workshop: $(VENV)/.workshop ## add torch and the converter (2.3 GB; never on a device)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
	  || { echo "Phenokiosk needs Python 3.11 or 3.12; $$($(PYTHON) --version) was found. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(SYSTEM) $(VENV)
$(VENV)/.device: requirements.txt | $(BIN)/python
	$(PIP) -r requirements.txt
	@touch $@
$(VENV)/.test: requirements-test.txt $(VENV)/.device
	$(PIP) -r requirements-test.txt
	@touch $@
$(VENV)/.workshop: requirements-workshop.txt $(VENV)/.device
	$(PIP) -r requirements-workshop.txt
	@touch $@
