# Two commands do everything on a fresh machine: `make demo` and `make test`. Both set up what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2

.PHONY: demo test check format setup docs picture clean

demo: setup ## fail, be taught once, do it with the lesson, sleep, do it alone: in a real app, with the figures at the end
	$(BIN)/apprentice demo

test: setup ## every test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

check: setup ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: setup ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: ## virtual environment, packages, browser, embedded model; doing it again costs a second
	@sh scripts/setup.sh $(PYTHON) $(VENV)

docs: setup ## the documentation as a site in runs/docs; its generated pages are written first
	$(BIN)/python -m tui.reference docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

picture: setup ## export the README's picture
	$(BIN)/python -m tui.picture docs/dashboard.svg

clean: ## remove the virtual environment and what demo and benches left; models stay in the cache
	rm -rf $(VENV) runs
