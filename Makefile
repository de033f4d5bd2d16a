# Every command of the project. The programs are called as modules of the environment's Python,
# because a script's first line breaks under a long path or one with a space.

PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup run test test-long bench bench-report lint format examples clients definitions
.PHONY: golden lock clean

help: ## Show this list
	@echo "Stepdown: care coordination over FHIR R4."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv with the locked packages; at once when nothing changed
	@scripts/setup

run: setup ## Start everything on http://127.0.0.1:8000; Ctrl-C stops it
	@exec $(PYTHON) -m services.cli serve --open --demo

test: setup ## Run all tests
	@$(PYTHON) -m pytest -n 2 --dist loadscope

test-long: setup ## Run the long forms of the tests
	@$(PYTHON) -m pytest -m long --timeout 3600 \
		--randomly-seed default --hypothesis-profile default

bench: setup ## Measure rates and latencies; WORKLOADS=read,crud SECONDS=10 RESOURCES=100000
	@$(PYTHON) -m tests.bench $(if $(WORKLOADS),--workloads $(WORKLOADS)) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(RESOURCES),--resources $(RESOURCES))

bench-report: setup ## Print the figures of the last benchmark as Markdown
	@$(PYTHON) -m tests.bench --report

lint: setup ## Check form, rules, types and who imports whom
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@$(PYTHON) .venv/bin/lint-imports --no-logo

format: setup ## Write the code in the form that lint expects
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

examples: setup ## Fetch the official FHIR R4 examples into var/examples (needs npm)
	@scripts/examples

clients: setup ## Fetch a FHIR client in JavaScript into var/medplum, for its test (needs npm)
	@scripts/clients

definitions: examples ## Compile the FHIR definitions again from the examples package
	@$(PYTHON) -m shared.fhir.definitions.compile var/examples/package

golden: setup ## Write again what is generated: the proxy configuration, tables of operations
	@mkdir -p var
	@$(PYTHON) -m services.proxy_configuration > var/stepdown.conf
	@mv var/stepdown.conf deploy/nginx/stepdown.conf
	@$(PYTHON) -m services.operation_tables < docs/operations.md > var/operations.md
	@mv var/operations.md docs/operations.md

lock: ## Resolve the dependencies again and write their hashes (needs uv)
	@scripts/lock

clean: ## Remove the environment and all caches; var/, where the data is, stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf build dist .coverage* stepdown.egg-info
	find services shared tests -name __pycache__ -type d -prune -exec rm -rf {} +
