# The front door. Everything is built by meson; these are the words to remember.

BUILD ?= build
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local

.PHONY: help run demo test test-long bench fuzz lint format install

help:
	@echo "make run        set up, build, make a node in ./node with samples and two partners, serve"
	@echo "                (ONCE=1: end after all is shown)"
	@echo "make demo       four nodes share, find, carry, recall and prove, step by step"
	@echo "                (SWAP=1: with two countries exchanged; KEEP=1: keep the nodes)"
	@echo "make test       set up, build plainly and with sanitizers, run every test"
	@echo "                (T=name: only tests whose name contains it)"
	@echo "make test-long  the same with the long versions of the tests"
	@echo "make bench      measure against the limits of the machine"
	@echo "make fuzz       fuzz every parser for FUZZ_SECONDS ($(FUZZ_SECONDS)) each"
	@echo "make lint       formatting, floors, static analysis, warnings as errors"
	@echo "make format     format the sources"
	@echo "make install    install below PREFIX ($(PREFIX))"

run:
	@scripts/setup build run
	@scripts/build $(BUILD)
	@BUILD=$(BUILD) ONCE=$(ONCE) scripts/run

demo:
	@scripts/setup build
	@scripts/build $(BUILD)
	@BUILD=$(BUILD) SWAP=$(SWAP) KEEP=$(KEEP) scripts/demo

test:
	@scripts/setup build test
	@tests/run $(T)

test-long:
	@scripts/setup build test
	@CONCERT_LONG=1 tests/run $(T)

bench:
	@scripts/setup build bench
	@scripts/build $(BUILD)
	@bench/run --build $(BUILD)

fuzz:
	@scripts/setup build fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz $(T)

lint:
	@scripts/setup build lint
	@scripts/lint

format:
	@scripts/setup lint
	@clang-format -i $$(git ls-files --cached --others --exclude-standard '*.c' '*.h')

install:
	@scripts/setup build
	@scripts/build $(BUILD) -Dprefix=$(PREFIX)
	@meson install -C $(BUILD) --no-rebuild
