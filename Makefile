# The ways in. Each installs what is missing on a Debian 12 (with apt, by sudo where needed) and needs nothing else
# but a Rust toolchain.
#
#   make demo          the whole chain on this machine, until Ctrl-C
#   make demo ONCE=1   the same, and out again: exit status 0 if it worked
#   make test          every test; make rust, browser, module and web-test are its parts
#   make check         format, lints, oldest compiler, dependencies
#   make bench         how fast it is, beside its peers: ten minutes, best with nothing else running
#   make faults        the tests of faults that take long or many processes; best as root
#   make soak MINUTES=30        traffic under random faults, and a reckoning; SEED=… runs the same again
#   make fuzz SECONDS=600       nonsense into every parser; each of the targets for so long; TARGETS=…: some of them
#   make web           the web view, which the bridge has inside; where it changed
#
#   make deb           the Debian packages for amd64, arm64 and armhf, in target/deb
#   make apt-repo DIR=… KEY=…   a signed repository of them; KEY: a key of your gpg keyring
#   make test-packages          tries them in clean Debian systems, as root: half an hour and more, not part of test
#
# EMONCMS_SRC=DIR, an emoncms checkout, makes demo and test use a real emoncms as well.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
EMONCMS := $(if $(EMONCMS_SRC),emoncms)
export REMOTEACCESS_BIN_DIR = $(abspath $(TARGET)/debug)

.PHONY: help demo test check bench faults soak fuzz programs rust module browser web web-test deb apt-repo test-packages

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

demo: web
	@tests/needs.sh build broker $(EMONCMS)
	@$(CARGO) build --locked --quiet -p remoteaccess-agent -p remoteaccess-bridge
	@$(CARGO) build --locked --quiet -p remoteaccess-tests --bin demo
	@exec $(TARGET)/debug/demo $(if $(ONCE),--once)

test: web-test rust browser module

rust: programs
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	    $(CARGO) nextest run --locked --workspace --no-fail-fast; \
	else \
	    $(CARGO) test --locked --workspace --no-fail-fast -- --test-threads=2; \
	fi

# The bridge has the view inside, so it is built first; where nothing changed, that takes no time.
web: web/dist/index.html

web/dist/index.html: web/node_modules/.package-lock.json web/index.html web/vite.config.ts web/scripts/pack.mjs \
    $(shell find web/src web/public web/dev -type f)
	@cd web && npm run --silent build

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@tests/needs.sh web
	@cd web && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# What is measured is what is shipped: release builds. BENCH: options, see `target/release/bench --help`.
bench: web
	@tests/needs.sh build broker bench
	@$(CARGO) build --locked --release -p remoteaccess-agent -p remoteaccess-bridge -p remoteaccess-bench
	@REMOTEACCESS_BIN_DIR=$(abspath $(TARGET)/release) $(TARGET)/release/bench $(BENCH)

faults: programs
	@$(CARGO) test --locked -p remoteaccess-tests --tests -- --ignored --nocapture --test-threads=1 fault_

soak: programs
	@$(CARGO) build --locked --quiet -p remoteaccess-tests --bin soak
	@AGENT_LOG=info BRIDGE_LOG=info BROKER_LOG="error warning notice" $(TARGET)/debug/soak $(or $(MINUTES),5) $(SEED)

fuzz:
	@tests/fuzz.sh $(or $(SECONDS),60) $(TARGETS)

web-test: web
	@cd web && npm test --silent

browser: programs
	@$(CARGO) build --locked --quiet -p remoteaccess-tests --bin stage
	@tests/browser/run

module:
	@emoncms-module/tests/run

programs: web
	@tests/needs.sh build broker $(EMONCMS)
	@$(CARGO) build --locked -p remoteaccess-agent -p remoteaccess-bridge

check: web
	@tests/needs.sh build msrv
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	tests/msrv.sh
	@if command -v shellcheck >/dev/null; then \
	    shellcheck install.sh tests/*.sh packaging/*.sh packaging/tests/* packaging/home/emoncms-remoteaccess \
	        packaging/home/generator packaging/completion/* packaging/debian/*.p*; \
	else \
	    echo "shellcheck is not installed: scripts are not checked"; \
	fi
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
	    $(CARGO) fetch --locked --quiet; \
	    $(CARGO) deny --offline --locked check bans licenses sources; \
	else \
	    echo "cargo-deny is not installed: licences and duplicates are not checked"; \
	fi

deb:
	@packaging/build-deb.sh

apt-repo:
	@packaging/apt-repo.sh "$(DIR)" "$(KEY)"

test-packages:
	@packaging/tests/run $(PARTS)
