# `make help` lists what can be done.
PORT ?= 8080
DIRECTORY_PORT ?= 3890
PYTHON ?= python3.11
TESTS ?= tests
WORKERS ?= 2
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
BIN := .venv/bin
PATH := $(PATH):/usr/sbin:/sbin

# What Debian must provide: a file that proves it is there, and its package.
RUN_PACKAGES := /usr/sbin/slapd=slapd /usr/bin/ldapadd=ldap-utils
TEST_PACKAGES := $(RUN_PACKAGES) /usr/bin/gcc=gcc /usr/include/ldap.h=libldap2-dev /usr/include/sasl/sasl.h=libsasl2-dev

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test check clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: .venv/installed ## directory with sample staff and web service; PORT=8080 DIRECTORY_PORT=3890 move them
	@exec setpriv --pdeathsig TERM $(BIN)/mamia demo --port $(PORT) --directory-port $(DIRECTORY_PORT)

demo-reset: ## throw the demo's changes away
	rm -rf var/demo

test: .venv/installed-tests ## all tests, on a real slapd; TESTS=tests/web runs some
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(TESTS)

check: .venv/installed-tests ## lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean: ## remove what was installed and made here
	rm -rf .venv var build dist *.egg-info

# Installed once, and again only when setup.cfg changes or a package has gone.
.venv/installed: setup.cfg pyproject.toml | debian-run
	$(call venv,.)
	@touch $@

.venv/installed-tests: setup.cfg pyproject.toml | debian-tests
	$(call venv,.[tests])
	@touch .venv/installed $@

define venv
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '$(1)'
endef

.PHONY: debian-run debian-tests
debian-run:
	@$(call debian,$(RUN_PACKAGES))
debian-tests:
	@$(call debian,$(TEST_PACKAGES))

# $(1): file=package … ; installs those whose file is missing. slapd is told to set up no server of its own.
define debian
missing=""; for pair in $(1); do [ -e "$${pair%%=*}" ] || missing="$$missing $${pair#*=}"; done; \
[ -x $(BIN)/pip ] || $(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	|| missing="$$missing python3.11-venv"; \
case "$(1)" in *gcc*) $(PYTHON) -c 'import os, sysconfig as s; os.stat(s.get_path("include") + "/Python.h")' 2>/dev/null \
	|| missing="$$missing python3-dev";; esac; \
[ -z "$$missing" ] && exit 0; \
echo "installing$$missing …"; \
echo "slapd slapd/no_configuration boolean true" | $(SUDO) debconf-set-selections; \
$(SUDO) apt-get update -qq && \
$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null
endef
