# The command list. `make help` prints it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CAMERA ?= replay://models/phantom/frames?fps=10&loop=1
PORT   ?= 8080
RUNS   ?= 1000000
# FaceLandmarker's networks as MediaPipe publishes them; firmware/face/task.py has their hash. TASK_URL=file://... takes a copy.
TASK     ?= models/face_landmarker.task
TASK_URL ?= https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo -n)
# On a Pi picamera2 and lgpio come from apt, so the environment sees the system's packages there.
SYSTEM := $(shell $(PYTHON) -c 'import picamera2' 2>/dev/null && echo --system-site-packages)
# MediaPipe's Face Mesh ends with Python 3.12; the other lock has its FaceLandmarker instead.
LOCK   := $(shell $(firstword $(wildcard $(BIN)/python) $(PYTHON)) -c \
            'import sys; print("requirements.txt" if sys.version_info < (3, 13) else "requirements-landmarker.txt")')
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes

.PHONY: help setup setup-test setup-workshop landmarker-task workshop-if-possible programs demo test test-landmarker lint catalogues bench bench-arm faults fuzz day convert-bars screenshots image machinery pi clean

help:            ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

setup: $(VENV)/.device            ## create .venv from requirements.txt (pip, hash-pinned; Python 3.13: requirements-landmarker.txt)
setup-test: $(VENV)/.test
setup-workshop: $(VENV)/.workshop ## add torch and the converter (2.3 GB; never on a device)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Phenokiosk needs Python 3.11 to 3.13; $$($(PYTHON) --version) was found. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(SYSTEM) $(VENV)
$(VENV)/.device: $(LOCK) | $(BIN)/python
	$(PIP) -r $(LOCK)
	@touch $@
$(VENV)/.test: requirements-test.txt $(VENV)/.device
	$(PIP) -r requirements-test.txt
	@touch $@
$(VENV)/.workshop: requirements-workshop.txt $(VENV)/.device
	$(PIP) -r requirements-workshop.txt
	@touch $@

landmarker-task: $(TASK) ## fetch FaceLandmarker's file, for a bundle that names this face mesh and does not carry the file
$(TASK):
	curl --fail --silent --show-error --location --max-filesize 10000000 --output $@.part $(TASK_URL)
	@echo "$$(sed -n 's/^SHA256: Final = "\(.*\)"/\1/p' firmware/face/task.py)  $@.part" | sha256sum --check --quiet \
	  || { rm -f $@.part; exit 1; }
	@mv $@.part $@

# program:package, for tests that drive the real thing
PROGRAMS := chromium:chromium gst-launch-1.0:gstreamer1.0-tools systemd-analyze:systemd fusermount3:fuse3 espeak-ng:espeak-ng fc-list:fontconfig sshd:openssh-server strace:strace
# file:package, for the scripts of the page's languages
FONTS    := DejaVuSans:fonts-dejavu-core NotoSansDevanagari:fonts-noto-core NotoSansArabic:fonts-noto-core wqy-microhei:fonts-wqy-microhei
FOUND     = $(shell fc-list : file 2>/dev/null)
PACKAGES  = $(sort $(foreach pair,$(PROGRAMS),$(if $(shell command -v $(firstword $(subst :, ,$(pair)))),,$(lastword $(subst :, ,$(pair))))) \
              $(foreach pair,$(FONTS),$(if $(findstring /$(firstword $(subst :, ,$(pair))),$(FOUND)),,$(lastword $(subst :, ,$(pair))))))

programs:        ## install Chromium, GStreamer, FUSE, SSH, speech and fonts from Debian for the tests, where that is possible
	@[ -z "$(strip $(PACKAGES))" ] || { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	  $(SUDO) apt-get install -y -qq --no-install-recommends $(PACKAGES) gstreamer1.0-plugins-base \
	  >/dev/null; } || echo "Not installed: $(PACKAGES). The tests that need them are skipped; to run them: apt install $(PACKAGES)"

# program:package, for the image and the virtual Raspberry Pi
MACHINERY := mmdebstrap:mmdebstrap arch-test:arch-test qemu-aarch64-static:qemu-user-static update-binfmts:binfmt-support mkfs.vfat:dosfstools mcopy:mtools \
             sfdisk:fdisk qemu-img:qemu-utils qemu-system-aarch64:qemu-system-arm fdtput:device-tree-compiler cpio:cpio
MISSING    = $(sort $(foreach pair,$(MACHINERY),$(if $(shell command -v $(firstword $(subst :, ,$(pair)))),,$(lastword $(subst :, ,$(pair))))))
ARCH      ?= arm64
LISTED    := systemd/image/packages.lock

machinery:
	@[ -z "$(strip $(MISSING))" ] || { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	  $(SUDO) apt-get install -y -qq --no-install-recommends $(MISSING) >/dev/null; }

image: setup machinery  ## the SD card's image, build/image/sd.img (as root on Debian 12; 25 min); LIST=record writes its packages down
	@mkdir -p build/image/wheels
	$(BIN)/python -m tools.sbom requirements.txt systemd/image/requirements.txt > build/image/sbom.json
	$(BIN)/python -m tools.wheels build/image/wheels requirements.txt systemd/image/requirements.txt
	$(SUDO) systemd/image/build.sh $(ARCH) $(CURDIR)/build/image
	$(BIN)/python systemd/image/differ.py build/image/packages $(LISTED) $(LIST)

pi: setup machinery  ## boot the image on a virtual Raspberry Pi and check it there (under 40 min)
	@[ -e build/image/sd.img ] || $(MAKE) --no-print-directory image
	$(BIN)/python systemd/image/acceptance/host.py build/image build/pi

demo: setup      ## set up and run the kiosk at http://127.0.0.1:8080/ (CAMERA=v4l2:///dev/video0 for a webcam, PORT=8081)
	@exec $(BIN)/python -m kiosk --set 'camera.uri=$(CAMERA)' --set page.port=$(PORT) --set screening.demo=on

test: setup setup-test workshop-if-possible programs  ## set up and run every test
	$(BIN)/python -m pytest

# Python 3.13 where there is one, otherwise the one at hand.
NEWEST = $(shell for python in python3.13 "$$(pyenv prefix 3.13 2>/dev/null)/bin/python3.13" $(PYTHON); do \
           "$$python" -c '' 2>/dev/null && echo "$$python" && break; done)
NEWER := .venv-landmarker

test-landmarker: ## the second face mesh in an environment of its own: MediaPipe 1.2, Python 3.13 where there is one (2 min)
	@$(MAKE) --no-print-directory VENV=$(NEWER) PYTHON=$(NEWEST) LOCK=requirements-landmarker.txt setup-test
	$(NEWER)/bin/python -m pytest tests/firmware/face tests/firmware/syndrome $(addprefix tests/firmware/test_,backends.py errors.py photo.py decoding.py)

workshop-if-possible:
	@$(MAKE) --no-print-directory setup-workshop || \
	  echo "The workshop's packages cannot be installed here: its tests are skipped (see requirements-workshop.txt)"

lint: setup setup-test  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

catalogues: setup  ## collect new texts into the catalogues and compile them
	$(BIN)/python -m tools.catalogues

bench: setup setup-test programs  ## the benchmark: one table, and bench.json
	$(BIN)/python -m tools.bench

bench-arm: setup machinery  ## instructions of a frame on 64-bit ARM, each stage compared with tools/bench_arm/reference.json (5 min)
	$(BIN)/python -m tools.bench_arm

fuzz: setup setup-test  ## fuzz every reader of foreign data, 1,000,000 executions each (RUNS=5000 for a look)
	$(BIN)/python -m tests.fuzz --runs $(RUNS)

faults: setup setup-test programs  ## 300 power cuts, 300 kills, a full or read-only disk, and the same for every call of an update (15 min)
	FAULTS=300 UPDATES=all $(BIN)/python -m pytest tests/faults -o log_cli=true -o log_cli_level=INFO

day: setup setup-test programs  ## a camp's day: 200 subjects in the browser, clumsy fingers, pictures of every screen in build/day (45 min)
	DAY=200 $(BIN)/python -m pytest tests/day tests/flows/test_camp.py -o log_cli=true -o log_cli_level=INFO

convert-bars: setup-workshop  ## conversion against its limits: FACES=folder of face photos WEIGHTS=public MobileFaceNet.pt (5 min)
	$(BIN)/python -m tools.convert_bars --faces $(FACES) --state-dict $(WEIGHTS)

screenshots: setup setup-test programs  ## the README's pictures, from the browser tests
	$(BIN)/python -m pytest tests/flows/test_browser.py
	mkdir -p docs/screenshots
	cp $(foreach page,phenokiosk may-we-take-pictures positioning result,build/screenshots/$(page)-1024x600.png) docs/screenshots/

clean:           ## remove what was built; the state in var/ stays
	rm -rf $(VENV) $(NEWER) build bench.json .mypy_cache .ruff_cache .hypothesis .import_linter_cache
