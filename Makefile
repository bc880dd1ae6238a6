# What can be made. Nothing is needed but Go and git, unless a target says so.
SHELL := /bin/sh
GO ?= go
BIN := bin/sigwalk
TOOLS ?= $(CURDIR)/.cache/bin

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
# Rekor brings Google's storage client along. Without its gRPC transport, which nothing here uses, the program is 12 MB
# smaller and starts a tenth faster.
TAGS := disable_grpc_modules
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

GOTESTSUM := $(GO) run gotest.tools/gotestsum@v1.13.0 --format pkgname-and-test-fails --hide-summary skipped --post-run-command .ci/count
# Without debug information a test binary is linked in half the time; lint vets.
TESTFLAGS := -vet=off -ldflags=-w
GOLANGCI_LINT := v2.15.0
COSIGN2 := v2.6.5
COSIGN3 := v3.1.3
CRANE := v0.22.1
REKOR := v1.5.4
FREEZE := v0.2.2
SIGSTORE_PYTHON := 4.5.1
ACTIONLINT := v1.7.12
POLICY_CONTROLLER := v0.13.1
# The library of podman and skopeo in a program of its own module, which also has its version.
PULL_MODULE := $(CURDIR)/cmd/sigwalk/interop/containers/pull
PULL_VERSION := $(shell awk '$$2 == "go.podman.io/image/v5" { print $$3; exit }' $(PULL_MODULE)/go.mod)
# Runs on Node 20; 4.75 does not.
GITLAB_CI_LOCAL := 4.61.1
KEYCLOAK_VERSION := 26.3.2
# Keycloak's distribution, from Maven Central; one that is there already can be named.
KEYCLOAK ?= $(CURDIR)/.cache/keycloak-$(KEYCLOAK_VERSION)
# kube-apiserver is built from a module of its own; its version is also what it says of itself.
KUBE_MODULE := $(CURDIR)/cmd/sigwalk/interop/kube/apiserver
KUBE_VERSION := $(shell awk '$$1 == "k8s.io/kubernetes" { print $$2; exit } $$1 == "require" && $$2 == "k8s.io/kubernetes" { print $$3; exit }' $(KUBE_MODULE)/go.mod)
ETCD_VERSION := $(shell awk '$$1 == "go.etcd.io/etcd/server/v3" { print $$2; exit }' $(KUBE_MODULE)/go.mod)
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
ARTIFACTS ?= $(CURDIR)/.cache/artifacts

.DEFAULT_GOAL := help
.PHONY: help run build test fuzz check lint interop interop-kube interop-keycloak interop-browser bench screenshots clean tools

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## open the workshop
	@$(BIN)

build: ## write bin/sigwalk
	$(GO) build -trimpath -tags "$(TAGS)" -ldflags "$(LDFLAGS)" -o $(BIN) ./cmd/sigwalk

test: ## run the tests that need nothing but Go
	@$(GOTESTSUM) -- $(TESTFLAGS) -timeout 14m ./...

FUZZTIME ?= 3s
fuzz: ## feed every parser of foreign bytes with what nobody expects, FUZZTIME each
	@GO="$(GO)" .ci/fuzz $(FUZZTIME)

check: lint test ## lint, then test

lint: $(TOOLS)/golangci-lint-$(GOLANGCI_LINT) ## formatting, vet, import rules
	$(GO) mod verify >/dev/null
	$(GO) mod tidy -diff
	$(TOOLS)/golangci-lint-$(GOLANGCI_LINT) run ./...

bench: build $(TOOLS)/cosign-$(COSIGN2) $(TOOLS)/crane-$(CRANE) ## measure beside cosign, crane and skopeo (needs skopeo); ONLY=copy for a part
	@$(GO) run -trimpath -tags bench -ldflags=-w ./cmd/bench -only "$(ONLY)" -sigwalk $(BIN) \
		-cosign $(TOOLS)/cosign-$(COSIGN2) -crane $(TOOLS)/crane-$(CRANE)

screenshots: build $(TOOLS)/freeze-$(FREEZE) ## draw the pictures of the README from a real run (needs tmux)
	docs/screenshots.sh $(CURDIR)/$(BIN) $(TOOLS)/freeze-$(FREEZE)

interop: build tools $(TOOLS)/sigstore-python-$(SIGSTORE_PYTHON)/bin/sigstore $(TOOLS)/actionlint-$(ACTIONLINT) \
		$(TOOLS)/pull-$(PULL_VERSION) $(TOOLS)/policy-tester-$(POLICY_CONTROLLER) \
		$(TOOLS)/gitlab-ci-local-$(GITLAB_CI_LOCAL)/node_modules/.bin/gitlab-ci-local ## test against the real cosigns, crane, rekor-cli, sigstore-python (fetched here) and skopeo (install it)
	@missing=; for program in skopeo jq curl column git rsync npm; do \
		command -v $$program >/dev/null || missing="$$missing $$program"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "make interop needs programs that are not installed:$$missing"; \
		echo "  Debian, Ubuntu: apt-get install skopeo jq curl bsdextrautils python3-venv git rsync nodejs npm"; \
		echo "  Fedora, RHEL:   dnf install skopeo jq curl util-linux git rsync npm"; \
		exit 1; \
	fi
	@SIGWALK=$(CURDIR)/$(BIN) COSIGN2=$(TOOLS)/cosign-$(COSIGN2) COSIGN3=$(TOOLS)/cosign-$(COSIGN3) \
		CRANE=$(TOOLS)/crane-$(CRANE) REKOR_CLI=$(TOOLS)/rekor-cli-$(REKOR) \
		SIGSTORE_PYTHON=$(TOOLS)/sigstore-python-$(SIGSTORE_PYTHON)/bin/sigstore \
		ACTIONLINT=$(TOOLS)/actionlint-$(ACTIONLINT) \
		PULL=$(TOOLS)/pull-$(PULL_VERSION) POLICY_TESTER=$(TOOLS)/policy-tester-$(POLICY_CONTROLLER) \
		GITLAB_CI_LOCAL=$(TOOLS)/gitlab-ci-local-$(GITLAB_CI_LOCAL)/node_modules/.bin/gitlab-ci-local \
		$(GOTESTSUM) --format testname -- -tags interop -count=1 -timeout 30m ./cmd/sigwalk/interop/...

# What every test beside interop needs, too.
OTHERS = SIGWALK=$(CURDIR)/$(BIN) COSIGN2=$(TOOLS)/cosign-$(COSIGN2) COSIGN3=$(TOOLS)/cosign-$(COSIGN3) \
	CRANE=$(TOOLS)/crane-$(CRANE) REKOR_CLI=$(TOOLS)/rekor-cli-$(REKOR) \
	KEYCLOAK=$(KEYCLOAK) CHROMIUM="$(CHROMIUM)"

interop-keycloak: build tools needs-chromium $(KEYCLOAK)/bin/kc.sh ## test against a real Keycloak (fetched here) with Chromium and Java (install them)
	@command -v java >/dev/null || { echo "make interop-keycloak needs Java 17 or newer: apt-get install default-jre-headless"; exit 1; }
	@$(OTHERS) ARTIFACTS=$(ARTIFACTS)/keycloak \
		$(GOTESTSUM) --format testname -- -tags keycloak -count=1 -timeout 9m -run TestKeycloak ./cmd/sigwalk/interop

interop-browser: build tools needs-chromium ## test the sandbox's login page with a real Chromium (install it)
	@$(OTHERS) ARTIFACTS=$(ARTIFACTS)/browser \
		$(GOTESTSUM) --format testname -- -tags browser -count=1 -timeout 9m ./cmd/sigwalk/interop

interop-kube: build tools $(TOOLS)/etcd-$(ETCD_VERSION) $(TOOLS)/kube-apiserver-$(KUBE_VERSION) ## test against a real Kubernetes API (kube-apiserver and etcd are built here, once: five minutes)
	@$(OTHERS) ETCD=$(TOOLS)/etcd-$(ETCD_VERSION) KUBE_APISERVER=$(TOOLS)/kube-apiserver-$(KUBE_VERSION) \
		$(GOTESTSUM) --format testname -- -tags kube -count=1 -timeout 9m -run TestKube ./cmd/sigwalk/interop

.PHONY: needs-chromium
needs-chromium:
	@[ -n "$(CHROMIUM)" ] || { echo "this needs Chromium on the PATH, or its path in CHROMIUM: apt-get install chromium"; exit 1; }

$(CURDIR)/.cache/keycloak-$(KEYCLOAK_VERSION)/bin/kc.sh:
	@missing=; for program in mvn unzip; do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ]; then echo "fetching Keycloak needs$$missing: apt-get install maven unzip"; exit 1; fi
	mkdir -p .cache/keycloak.tmp
	mvn -q -B dependency:copy -Dartifact=org.keycloak:keycloak-quarkus-dist:$(KEYCLOAK_VERSION):zip -DoutputDirectory=$(CURDIR)/.cache/keycloak.tmp
	unzip -q -o .cache/keycloak.tmp/keycloak-quarkus-dist-$(KEYCLOAK_VERSION).zip -d .cache
	rm -rf .cache/keycloak.tmp

clean: ## remove what was built here; the state directory of the workshop is left alone
	rm -rf bin dist .cache

tools: ## build the real cosigns, crane and rekor-cli, for interop and bench
tools: $(TOOLS)/cosign-$(COSIGN2) $(TOOLS)/cosign-$(COSIGN3) $(TOOLS)/crane-$(CRANE) $(TOOLS)/rekor-cli-$(REKOR)

# A tool's file carries its version, so that a new version is a new file.
install = mkdir -p $(TOOLS) && GOBIN=$@.tmp $(GO) install -trimpath $(1) && mv $@.tmp/* $@ && rmdir $@.tmp

$(TOOLS)/golangci-lint-$(GOLANGCI_LINT):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT))

$(TOOLS)/cosign-$(COSIGN2):
	$(call install,github.com/sigstore/cosign/v2/cmd/cosign@$(COSIGN2))

$(TOOLS)/cosign-$(COSIGN3):
	$(call install,github.com/sigstore/cosign/v3/cmd/cosign@$(COSIGN3))

$(TOOLS)/crane-$(CRANE):
	$(call install,github.com/google/go-containerregistry/cmd/crane@$(CRANE))

$(TOOLS)/rekor-cli-$(REKOR):
	$(call install,github.com/sigstore/rekor/cmd/rekor-cli@$(REKOR))

# Two at once is what a small machine bears: some of the packages are large.
kube = mkdir -p $(TOOLS) && cd $(KUBE_MODULE) && CGO_ENABLED=0 nice $(GO) build -p 2 -trimpath -buildvcs=false -ldflags "-s -w $(2)" -o $@ $(1)
KUBE_STAMP := k8s.io/component-base/version

$(TOOLS)/etcd-$(ETCD_VERSION):
	$(call kube,go.etcd.io/etcd/server/v3,)

# Without a version of its own it says v0.0.0-master, which cosign cannot read.
$(TOOLS)/kube-apiserver-$(KUBE_VERSION):
	$(call kube,k8s.io/kubernetes/cmd/kube-apiserver,-X $(KUBE_STAMP).gitVersion=$(KUBE_VERSION) -X $(KUBE_STAMP).gitMajor=1 -X $(KUBE_STAMP).gitMinor=$(word 2,$(subst ., ,$(KUBE_VERSION))) -X $(KUBE_STAMP).gitTreeState=archive)

# A virtual environment knows its own path: it is made where it stays, and its program comes last.
$(TOOLS)/sigstore-python-$(SIGSTORE_PYTHON)/bin/sigstore:
	@python3 -c 'import ensurepip, venv' || { echo "this needs Python with venv: apt-get install python3-venv"; exit 1; }
	rm -rf $(TOOLS)/sigstore-python-$(SIGSTORE_PYTHON)
	python3 -m venv $(TOOLS)/sigstore-python-$(SIGSTORE_PYTHON)
	$(TOOLS)/sigstore-python-$(SIGSTORE_PYTHON)/bin/pip install --quiet --disable-pip-version-check sigstore==$(SIGSTORE_PYTHON)

$(TOOLS)/actionlint-$(ACTIONLINT):
	$(call install,github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT))

# A module with replacements cannot be installed by its path: it is built where it lies.
$(TOOLS)/policy-tester-$(POLICY_CONTROLLER):
	mkdir -p $(TOOLS)
	cd "$$($(GO) mod download -json github.com/sigstore/policy-controller@$(POLICY_CONTROLLER) | sed -n 's/^.*"Dir": "\(.*\)".*$$/\1/p')" && \
		$(GO) build -trimpath -ldflags "-s -w" -o $@ ./cmd/tester

# Without the tag it would want the libraries of GnuPG.
$(TOOLS)/pull-$(PULL_VERSION): $(PULL_MODULE)/main.go $(PULL_MODULE)/go.mod
	mkdir -p $(TOOLS)
	cd $(PULL_MODULE) && CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -tags containers_image_openpgp -ldflags "-s -w" -o $@ .

$(TOOLS)/gitlab-ci-local-$(GITLAB_CI_LOCAL)/node_modules/.bin/gitlab-ci-local:
	@command -v npm >/dev/null || { echo "this needs Node.js 20 or newer with npm: apt-get install nodejs npm"; exit 1; }
	npm install --silent --no-audit --no-fund --prefix $(TOOLS)/gitlab-ci-local-$(GITLAB_CI_LOCAL) gitlab-ci-local@$(GITLAB_CI_LOCAL)

$(TOOLS)/freeze-$(FREEZE):
	$(call install,github.com/charmbracelet/freeze@$(FREEZE))
