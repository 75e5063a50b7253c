# Everything a person types. Each word does its whole job from a fresh clone; only a Docker Engine is needed.
.POSIX:
.PHONY: help up demo test check docs image bench torture clean

help: ## say what there is to make
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

up: ## run the appliance on this machine, with config/local as its configuration
	@scripts/bootstrap engine base compose
	@scripts/build appliance borgpull:latest
	@mkdir -p config/local
	@[ -e config/local/borgpull.toml ] || cp scripts/first-borgpull.toml config/local/borgpull.toml
	@. scripts/common.sh && compose up -d --no-build

demo: ## from nothing to backups of demo machines, one for each way to pull
	@scripts/demo

test: ## from nothing to all tests, end to end ones included
	@scripts/test

check: ## style, types and the walls between the rooms, without running anything
	@scripts/bootstrap engine compose tests
	@scripts/check

docs: ## the documentation as a site that needs no network, in build/site
	@scripts/docs
	@echo "borgpull: open build/site/index.html"

image: ## build the image borgpull:latest
	@scripts/bootstrap engine base
	@scripts/build appliance borgpull:latest

bench: ## measure the appliance against the same Borg run by hand
	@scripts/bootstrap engine base compose tests
	@scripts/build appliance borgpull:latest
	@scripts/build lab trixie
	@scripts/build bench
	@.venv/bin/python -m bench

torture: ## fuzz what reads a client's bytes, FUZZ_SECONDS (60) each, then crash it CRASHES (100) times at the moments of a SEED (any)
	@scripts/torture

clean: ## remove what demo, tests and builds made; never an appliance or its backups
	@scripts/clean
