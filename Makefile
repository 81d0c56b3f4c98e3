# The commands of this project; `make` lists them. They need a Rust toolchain and Debian or Ubuntu.
.DEFAULT_GOAL := help
.PHONY: help build parts demo quick test audit bench fuzz

# What `make parts` installs for: demo, test or bench.
FOR ?= test

# External test corpora, used by the tests if present: messages, hostile servers, recorded server lines.
GATHERED := $(abspath ../shared/corpora)
ifneq ($(wildcard $(GATHERED)/messages),)
export MAILFERRY_CORPUS ?= $(GATHERED)/messages
export MAILFERRY_HOSTILE ?= $(GATHERED)/hostile-servers/fake-mail-server
export MAILFERRY_RESPONSES ?= $(GATHERED)/imap-responses
endif

help: ## lists these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

# A snapshot in tests/snapshots/ that differs or is missing fails its test and is not rewritten.
export INSTA_UPDATE ?= no

build: ## builds the optimised program, target/release/mailferry
	cargo build --locked --release

parts: ## installs what is missing for FOR=demo, test (the default) or bench, and says what
	scripts/install-parts $(FOR)

demo: ## shows the whole path of a mail until Ctrl-C; with ONCE=1 it ends on its own
	scripts/install-parts demo
	ONCE=$(ONCE) scripts/demo

quick: ## checks what needs no server: format, Clippy, unit tests, scripted servers, SQLite; ONLY="WORD..." runs some of the tests
	scripts/quick $(ONLY)

test: ## installs what the tests need, then checks everything; CI runs this
	scripts/install-parts test
	@echo "==> Format"
	cargo fmt --check
	@echo "==> Clippy"
	cargo clippy --locked --all-targets --all-features -- -D warnings
	@echo "==> Dependencies"
	scripts/audit
	@echo "==> Tests"
	cargo test --locked --all --features crash-points
	@echo "==> Demo"
	ONCE=1 scripts/demo
	@echo "==> All is well"

audit: ## asks what is to be said against the dependencies; AUDIT=strict fails where the advisories cannot be had
	AUDIT=$(AUDIT) scripts/audit

bench: ## measures the import against mbsync and a bare TLS fetch
	scripts/install-parts bench
	cargo build --locked --release
	tests/bench/import $(BENCH)

# Time that `make fuzz` gives to each target, in seconds.
SECONDS ?= 600
FUZZ := guard reader folder_name header reading smtp smtp_body

fuzz: ## feeds made-up bytes to each parser for SECONDS (600); needs a nightly toolchain
	command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked
	for target in $(FUZZ); do \
		mkdir -p fuzz/corpus/$$target && \
		cargo +nightly fuzz run $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
			-dict=fuzz/mail.dict -timeout=10 -rss_limit_mb=2048 -max_total_time=$(SECONDS) || exit 1; \
	done
