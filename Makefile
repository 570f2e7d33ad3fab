# The commands of this project. `make` alone lists them; the work is done by scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo dev test gate bench fuzz build e2e hammer sqlx openapi fmt clean clean-all
# Steps of these commands belong one after the other: two cores are soon used up by a compiler.
.NOTPARALLEL:

help: ## list the commands
	@echo "Obstack: commands"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: ## install what is missing, build, start the portal with a live demo mesh
	@scripts/demo

dev: ## the demo, rebuilt and reloaded whenever a source file changes
	@scripts/setup run build
	@scripts/dev

test: ## all tests: cargo tests with a Postgres of their own, then the browser on the real binary
	@scripts/setup run build test keycloak envoy
	@scripts/test

gate: ## everything that must hold before a change lands; includes the tests
	@scripts/setup run build test keycloak envoy gate
	@scripts/gate $(STEPS)

bench: ## measure, and compare with the budgets
	@scripts/setup run build test
	@scripts/bench $(ONLY)

fuzz: ## made-up input for the policy engine: SECS=60 each, ONLY= some targets, INPUT= one file again
	@scripts/setup fuzz
	@SECS=$(or $(SECS),60) INPUT=$(INPUT) scripts/fuzz $(ONLY)

build: ## build the release server and the site
	@scripts/setup build
	@scripts/build release

e2e: ## the browser tests alone; ARGS goes to Playwright
	@scripts/setup run build test keycloak
	@scripts/test e2e -- $(ARGS)

hammer: ## 1,000 page requests, 20 at a time, on one core: no truncated or hanging response
	@scripts/setup run build test
	@scripts/bench hammer

sqlx: ## write .sqlx anew after a change to a query or a migration
	@scripts/with-postgres scripts/sqlx-prepare

openapi: ## write docs/openapi.json anew after a change to the API
	@scripts/openapi

fmt: ## format the Rust code
	@cargo fmt --all
	@cargo fmt --manifest-path crates/mesh/fuzz/Cargo.toml

clean: ## forget what was built here; compiled dependencies and tools in the cache stay
	@scripts/clean

clean-all: ## forget the cache as well: the next build starts from nothing
	@scripts/clean --all
