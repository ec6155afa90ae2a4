# Bare `make` lists the targets. Everything runs in .venv: what a user gets (`make setup`), and on top of it
# what tests and training need (`make setup-dev`, which brings torch).
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
DEMO := tests/demo/inventory.py:13:21
DEMO_DEFAULT := tests/demo/cart.ts:15:30 tests/demo/stack.go:17:1

.PHONY: help setup setup-dev model demo test test-editors dist docs lint fix bench bench-cpu bench-install bench-server bench-read-ahead bench-session bench-typing bench-cli

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 15

setup: .venv/ready model ## create .venv with what a user gets, pinned in constraints.txt, and fetch the default model

model: .venv/ready ## fetch the default model, 491 MB once; without a network the embedded one has to do
	@$(BIN)/infill model fetch qwen-0.5b || echo "The embedded model answers until 'make model' can fetch the default one."

setup-dev: .venv/ready-dev ## add what tests and training need

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/ready-dev: .venv/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup ## fill holes in real files and show the diffs: Python, and with the default model TypeScript and Go
	$(BIN)/infill fill $(DEMO)
	@if $(BIN)/infill model list | grep -q '^qwen-0.5b '; then set -x; $(BIN)/infill fill $(DEMO_DEFAULT); fi

test: setup-dev model lint ## lint, types and all tests but those in real editors, two at a time
	$(BIN)/python -m pytest --ignore tests/release --ignore tests/editors -n 2 --dist worksteal

test-editors: .venv/ready ## the plugins in real editors (Neovim, VS Code), with pictures in build/screenshots
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[editors]'
	DG_LSP_SCREENSHOTS=$(CURDIR)/build/screenshots $(BIN)/python -m pytest tests/editors

dist: .venv/ready ## wheel, sdist and VS Code extension into dist/, checked; the wheel in an empty environment
	rm -rf dist
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[editors]' build
	$(BIN)/python -m build
	cd editors/vscode && npm ci && npm run package
	cp editors/vscode/dist/dg-lsp.vsix dist/
	$(BIN)/python -m pytest tests/release

docs: .venv/ready ## write the table of settings in docs/settings.md from the code
	$(BIN)/python -m dg_lsp.app.settings_table docs/settings.md

lint: setup-dev ## ruff and pyright, as configured in pyproject.toml
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(BIN)/python

fix: setup-dev ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: setup-dev ## quality on held-out code, then latency of the server
	$(BIN)/infill bench line block refine --limit 200 --compare --context
	$(BIN)/python tests/bench/bench_server.py --only startup

bench-cpu: setup-dev ## runtimes of the CPU side by side, the default model and llama.cpp (ARGS="--gguf FILE")
	$(BIN)/python -m pip install --quiet --constraint constraints.txt openvino torchao
	$(BIN)/python tests/bench/bench_cpu.py $(ARGS)
	$(BIN)/python tests/bench/bench_less.py

bench-install: setup-dev ## the wheel in an empty environment: size, time to a first completion
	$(BIN)/python tests/bench/bench_install.py

bench-server: setup-dev ## the server's figures beside their aims, ten minutes (ARGS=--quick: a minute)
	$(BIN)/python tests/bench/bench_server.py $(ARGS)

bench-read-ahead: setup-dev ## what the default model has read before it is asked (ARGS=FILE types in yours)
	$(BIN)/python -m tests.bench.bench_read_ahead $(ARGS)

bench-cli: setup-dev ## infill on a tree of 200 files: holes a second, 50 kills (ARGS="--files 20 --kills 0")
	$(BIN)/python tests/bench/bench_cli.py $(ARGS)

bench-typing: setup-dev ## typing replayed in real time (ARGS="--recording FILE" plays yours)
	$(BIN)/python tests/bench/bench_typing.py $(ARGS)

bench-session: setup-dev ## five minutes of typing real files, with a person's pauses: right, wrong, flashed, keys saved (ARGS="--list")
	$(BIN)/python tests/bench/bench_session.py $(ARGS)
