# Everything a newcomer needs is `make help`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SEEDS ?= 300
FIRST ?= 1
ROUNDS ?= 10
SEED ?= 1
COUNT ?= 100000
mutants: COUNT = 300
AREA ?= all
MINUTES ?= 60
DATABASE ?= sqlite
CHROMIUM ?= /usr/bin/chromium
FROM ?= 0df1dd7
PIECE ?= 1
PIECES ?= 16

# Makes the virtual environment where it is missing. Where Python is too old, the one of the environment or else the one
# that would make it, this says so before anything is made.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
define MAKE_VENV
if test -x $(BIN)/python; then \
	$(BIN)/python -c '$(NEW_ENOUGH)' || \
		{ echo "$(VENV) was made by a Python older than 3.11: remove it with  make clean"; exit 1; }; \
else \
	$(PYTHON) -c '$(NEW_ENOUGH)' || \
		{ echo "Python 3.11 or newer is needed: set PYTHON, as in  make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }; \
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; \
fi
endef

.DEFAULT_GOAL := help
.PHONY: help demo demo-engines test browser engines poolers failover upgrade steady prometheus dashboard long faults lint types setup serve settings openapi clients generator typescript simulate chaos mutations mutants worst instants bench clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	@$(MAKE_VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[agents,alerts,dev,otel,s3]'
	@touch $(READY)

setup: $(READY) ## make the virtual environment with everything pinned

demo: ## set up and watch schedules fire: the main job in a minute
	@$(MAKE_VENV)
	@test -x $(BIN)/horarium || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@$(BIN)/horarium demo --exit
	@echo
	@echo "Keep a server running with:  $(BIN)/horarium serve --data ./horarium-data"

# Each of these processes runs tests, with a database server of its own; one that has none left takes over tests that
# another has not begun. There is one more than there are processor cores, because tests also wait.
PROCESSES ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

test: $(READY) ## run the test suite: PROCESSES=3
	@$(BIN)/python -m pytest -m "not long" -n $(PROCESSES) --dist worksteal --ignore=tests/browser --ignore=tests/engines

browser: $(READY) ## look at the console with a real browser: CHROMIUM=/usr/bin/chromium
	@CHROMIUM=$(CHROMIUM) $(BIN)/python -m pytest -p no:cacheprovider tests/browser

ENGINES_READY := $(VENV)/.engines

$(ENGINES_READY): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[celery,engine-servers,message,nats,rq,sqs,temporal]'
	@touch $(ENGINES_READY)

engines: $(ENGINES_READY) ## give runs to real engines (needs Debian's rabbitmq-server): HANDOFF_RUNS=10000 HANDOFF_KILLS=20
	@$(BIN)/python -m pytest -s -p no:cacheprovider tests/engines

# What of the store's tests is repeated through the pooler.
PART ?= tests/store/conformance tests/store/test_migrate.py tests/store/test_statements.py

poolers: $(READY) ## test the store through PgBouncer (needs Debian's pgbouncer): PART=tests/store/conformance
	@test -x /usr/sbin/pgbouncer || { echo "pgbouncer is missing: apt-get install pgbouncer"; exit 1; }
	@THROUGH_POOLER=beside $(BIN)/python -m pytest -p no:cacheprovider -n 2 -k "not sqlite" tests/store/postgres $(PART)
	@THROUGH_POOLER=only $(BIN)/python -m pytest -p no:cacheprovider -n 2 -k "not sqlite" $(PART)

PATRONI_VENV := $(VENV)-patroni
# PostgreSQL refuses to run as root, so Patroni is then another user, who must be able to read its Python.
PATRONI_PYTHON ?= /usr/bin/python3
SWITCHOVERS ?= 4
KILLS ?= 4

failover: $(READY) ## fail over with Patroni under load (needs Debian's etcd-server, python3-venv): SWITCHOVERS=80 KILLS=20
	@test -x $(PATRONI_VENV)/bin/patroni || $(PATRONI_PYTHON) -m venv $(PATRONI_VENV)
	@$(PATRONI_VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'patroni[etcd3]==4.1.5' 'psycopg[binary]==3.3.9'
	@PATRONI=$(abspath $(PATRONI_VENV)/bin/patroni) SWITCHOVERS=$(SWITCHOVERS) KILLS=$(KILLS) $(BIN)/python -m pytest -s -p no:cacheprovider tests/acceptance/test_failover.py

demo-engines: $(ENGINES_READY) ## watch schedules fire into NATS and Temporal on this machine
	@$(BIN)/python -m tests.engines.demo

upgrade: $(READY) ## upgrade three nodes one after another under load, from an earlier version in git's history: FROM=0df1dd7
	@UPGRADE_FROM=$(FROM) $(BIN)/python -m pytest -s -rs -m long -p no:cacheprovider tests/acceptance/test_upgrade.py

steady: $(READY) ## an hour of steady load beside a watchdog, which must stay silent: MINUTES=60 DATABASE=sqlite
	@$(BIN)/python -m tests.acceptance.steady --minutes $(MINUTES) --database $(DATABASE)

prometheus: $(READY) ## ask a real Prometheus all queries of the dashboard and the alert rules (needs Debian's prometheus)
	@$(BIN)/python -m pytest -s -rs -m long -p no:cacheprovider tests/acceptance/test_prometheus.py

DRAWING := $(VENV)-drawing

# Drawn in an environment of its own: nothing else of ours needs its library.
dashboard: $(READY) ## draw docs/pictures/dashboard.png of ten minutes that a real Prometheus has seen (needs Debian's prometheus)
	@test -x $(DRAWING)/bin/python || $(BIN)/python -m venv $(DRAWING)
	@$(DRAWING)/bin/python -m pip install --quiet --disable-pip-version-check matplotlib==3.10.8
	@$(BIN)/python -m tests.acceptance.prometheus $(DRAWING)/record.json
	@$(DRAWING)/bin/python tests/support/dashboard_picture.py $(DRAWING)/record.json docs/pictures/dashboard.png

long: $(READY) ## run the long tests: chaos, kills, many nodes, hundreds of simulated seeds
	@$(BIN)/python -m pytest -m long

faults: $(READY) ## run what CI adds to the suite: one chaos pass on each database, hundreds of simulated seeds, good schedules beside a hanging target, a minute of the worst bodies
	@$(BIN)/python -m pytest -m long tests/acceptance/test_chaos.py tests/simulation
	@$(BIN)/python -m pytest -m long -k good_schedules tests/acceptance/test_neighbours.py
	@WORST_SECONDS=60 $(BIN)/python -m pytest -k "worst_body or largest_inputs" tests/acceptance/test_worst_bodies.py

lint: $(READY) ## style, and the direction of imports
	@$(BIN)/ruff check src tests clients docs/examples
	@$(BIN)/ruff format --check src tests clients docs/examples
	@$(BIN)/lint-imports

types: $(READY) ## mypy, strict
	@$(BIN)/mypy
	@MYPYPATH=clients/python/src $(BIN)/mypy -p horarium_client
	@MYPYPATH=clients/python/src $(BIN)/mypy docs/examples/product.py

serve: $(READY) ## run a server in ./horarium-data
	@$(BIN)/horarium serve --data ./horarium-data

settings: $(READY) ## write docs/settings.md from settings.py
	@$(BIN)/python -m tests.support.settings_page

openapi: $(READY) ## write docs/openapi.json, the description of the own API
	@$(BIN)/python -m tests.support.openapi_page

typescript: $(READY) ## test the TypeScript client against a server; needs Node
	@cd clients/typescript && npm install --silent --no-audit --no-fund && npm run --silent check && PYTHON=$(abspath $(BIN))/python npm test

GENERATOR := $(VENV)-generator

# In an environment of its own: it needs other versions of libraries than the server.
generator: $(READY) ## see that openapi-python-client makes a client with typed results from docs/openapi.json
	@test -x $(GENERATOR)/bin/python || $(BIN)/python -m venv $(GENERATOR)
	@$(GENERATOR)/bin/python -m pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1
	@PATH="$(abspath $(BIN)):$$PATH" $(GENERATOR)/bin/python tests/clients/openapi_python_client.py

clients: $(READY) ## write the generated parts of the clients from docs/openapi.json; needs Node
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[clients]'
	@$(BIN)/python clients/python/generate.py
	@cd clients/typescript && npm install --silent --no-audit --no-fund && npm run --silent generate

simulate: $(READY) ## run the simulation: SEEDS=10000 FIRST=1
	@$(BIN)/python -m tests.simulation.run --seeds $(SEEDS) --first $(FIRST)

chaos: $(READY) ## break running servers and databases for longer: ROUNDS=10 SEED=1
	@CHAOS_ROUNDS=$(ROUNDS) CHAOS_SEED=$(SEED) $(BIN)/python -m pytest -s tests/acceptance/test_chaos.py

mutations: $(READY) ## send mutated requests to all APIs and read everything back: COUNT=100000 SEED=1 DATABASE=sqlite
	@$(BIN)/python -m tests.mutations.run --count $(COUNT) --seed $(SEED) --database $(DATABASE)

mutants: $(READY) ## plant small faults in the code and count which the tests notice: AREA=domain COUNT=300 SEED=1 MINUTES=60
	@$(BIN)/python -m tests.mutants.run --area $(AREA) --count $(COUNT) --seed $(SEED) --minutes $(MINUTES)

worst: $(READY) ## send the worst bodies to every route, a piece of it at a time: PIECE=1 PIECES=16 DATABASE=sqlite (ACCEPTED=FILE: see the test)
	@WORST_PIECE=$(PIECE)/$(PIECES) WORST_ACCEPTED=$(ACCEPTED) $(BIN)/python -m pytest -s -m long tests/acceptance/test_worst_bodies.py -k "any_of_the_worst and $(DATABASE)"

instants: $(READY) ## the long differential test of fire times against the oracle
	@$(BIN)/python -m tests.times.instants_long

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) $(GENERATOR) $(DRAWING) $(PATRONI_VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
