# Every target works from a fresh clone. `make` alone lists them.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
# Tools of node_modules, among them the pinned Node.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help install build generate format demo test lint unit integration e2e chaos conformance bench \
	bench-scale soak trace lab-up lab-down lab-status lab-env deploy crd-current

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2 }' Makefile

demo: install ## Move a running container before your eyes: sets up the lab and leaves it up
	@lab/demo

test: ## Everything: static checks, unit, integration and e2e tests on both Docker releases; leaves the lab down
	@scripts/run-tests.sh

install: ## Install the npm packages, if package-lock.json changed
	@scripts/install.sh

build: install ## Compile to dist/
	@npm run --silent build

generate: install ## Generate types, schema and the chart's CRD from crds/
	@npm run --silent generate
	@cp crds/*.yaml charts/transship/files/

format: install ## Format every file
	@npm run --silent format -- --log-level warn

lint: install ## Static checks: format, lint, types, import rules, generated files, shell scripts
	@scripts/run-tests.sh static

unit: install ## Unit tests
	@npm run --silent test

integration: deploy ## Integration tests, in the lab
	@npm run --silent test:integration

e2e: deploy ## End-to-end tests, in the lab
	@npm run --silent test:e2e

MINUTES ?= 10
FAULTS ?= 1
soak: deploy ## Move containers forth and back with random faults; nothing may grow (MINUTES=10, FAULTS=0, SEED=n)
	@ts-node test/soak/run.ts --minutes $(MINUTES) $(if $(filter 0,$(FAULTS)),--no-faults) $(if $(SEED),--seed $(SEED))

chaos: install ## Kill and disturb everything at every step, in the lab (FAULTS=220|all, SEED=n, ONLY='cell'); an hour
	@test/chaos/run

conformance: install ## Move a container of every kind, on both Docker releases; writes docs/conformance.md (ONLY=redis,tmpfs, PROFILES=docker28)
	@test/conformance/run

NAME ?= move-looper
trace: install ## Draw the freeze window of a migration in the lab, also as a file (NAME=move-looper, SVG=trace.svg)
	@ts-node src/trace/main.ts $(NAME) --volume "$$(lab/env | sed -n 's/^LAB_DIR=//p')/shared" $(if $(SVG),--svg $(SVG))

bench: install ## Measure downtimes by every way there is; writes docs/benchmarks, an hour a profile (QUICK=1: minutes; N=10, ONLY=, WAYS=, PROFILES=)
	@test/bench/run

bench-scale: install ## Measure the controller with 5,000 objects; writes docs/benchmarks (QUICK=1, OBJECTS=n, RATE=n); 20 min
	@test/bench-scale/run

lab-up: ## Bring up a control plane and nodes on this machine (LAB_PROFILE=docker28|docker26, LAB_NODES_COUNT=2)
	@lab/up

lab-down: ## Take the lab down and leave nothing behind
	@lab/down

lab-status: ## Say what of the lab runs
	@lab/status

lab-env: ## Print the lab's environment, for eval "$(make -s lab-env)"
	@lab/env --export

deploy: install lab-up ## Build, and run controller and agents in the lab
	@lab/deploy

crd-current: lab-up ## Optional: check the CRD against a current apiextensions server (builds it: minutes, gigabytes)
	@lab/crd-current/check crds/*.yaml lab/crd-current/samples
