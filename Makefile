# The project's habits, one target each; `make help` lists them.
#
# Nothing is installed into the checkout but node_modules: tools are built once, from the versions in
# scripts/tools/go.mod, into a cache that all checkouts share.

SHELL         := /bin/bash
.SHELLFLAGS   := -eu -o pipefail -c
MAKEFLAGS     += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# What a caller may change: make fuzz FUZZTIME=10m, make run ARGS='-addr 127.0.0.1:9000'.
ARGS       ?=
FUZZTIME   ?= 1m
HISTORIES  ?= 5000
CHAOS_TIME ?= 10m
CHAOS_SEED ?=
BENCH      ?= .
BENCHTIME  ?= 1s
COVERAGE   ?= 80

VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

TOOLS  := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/corsia/tools
GO     := $(shell go env GOVERSION)
pinned  = $(word 2,$(shell grep -E '^[[:space:]]*$(1) v' scripts/tools/go.mod))

LINTER     := $(TOOLS)/golangci-lint-$(call pinned,github.com/golangci/golangci-lint/v2)-$(GO)
TESTRUNNER := $(TOOLS)/gotestsum-$(call pinned,gotest.tools/gotestsum)-$(GO)
# A linter of workflows and an S3 server for tests, in modules of their own: these and the linter want different versions of the
# same libraries.
ACTIONLINT := $(TOOLS)/actionlint-$(word 2,$(shell grep -E '^[[:space:]]*github.com/rhysd/actionlint v' scripts/tools/actionlint/go.mod))-$(GO)
S3SERVER   := $(TOOLS)/versitygw-$(word 2,$(shell grep -E '^[[:space:]]*github.com/versity/versitygw v' scripts/tools/versitygw/go.mod))-$(GO)

# What ships: its statements count for the coverage, whichever package's unit tests run them.
comma   := ,
PRODUCT := $(subst $() ,$(comma),$(strip $(foreach part,gateway shared functions migrations,$(if $(wildcard $(part)),./$(part)/...))))

# Packages with tests that need installed programs. Their other tests are run by `make unit` already.
INTEGRATION = $(sort $(dir $(shell grep -rlE --include='*_test.go' --exclude-dir=node_modules '^//go:build .*integration' .)))

STEPS := services tools lint unit widget integration coverage

.PHONY: help run cluster build test lint events infra fuzz chaos bench figures $(STEPS) format vet golangci workflows functions clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-12s %s\n", $$1, $$2 }'

run: ## run the gateway on its embedded drivers, needs only Go: http://127.0.0.1:8080/demo/
	@go build -o bin/corsia ./gateway
	@exec bin/corsia serve $(ARGS)

cluster: ## three gateways on Redis, RabbitMQ and PostgreSQL behind HAProxy, until Ctrl-C: ARGS='-addr 127.0.0.1:9000'
	@scripts/services
	@go build -o bin/cluster ./scripts/cluster
	@exec bin/cluster $(ARGS)

build: ## build bin/corsia as it ships
	@go build -trimpath -ldflags '-X corsia/gateway/app.Version=$(VERSION)' -o bin/corsia ./gateway

functions: ## build the functions as Lambda runs them: bin/functions/<name>.zip
	@for name in webhook auditarchive backupverify locksweep; do \
		CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -tags lambda.norpc -ldflags '-s -w' -o bin/functions/$$name/bootstrap ./functions/$$name; \
		go run github.com/aws/aws-lambda-go/cmd/build-lambda-zip -o bin/functions/$$name.zip bin/functions/$$name/bootstrap; \
	done

test: ## check everything; installs what is missing on Debian
	@rm -rf coverage && mkdir coverage
	@failed=; times=; for step in $(STEPS); do \
		echo "── $$step"; begin=$$SECONDS; \
		$(MAKE) $$step || failed="$$failed $$step"; \
		times="$$times $$step $$((SECONDS - begin)) s,"; \
	done; \
	echo "──$${times%,}"; \
	go build -o coverage/tally ./scripts/tally; \
	coverage/tally -failed "$$failed" coverage/unit.json coverage/widget.log coverage/integration.json

services: ## install the Debian packages that the tests need, unless they are there
	@scripts/services

tools: $(LINTER) $(ACTIONLINT) $(TESTRUNNER) $(S3SERVER) ## build the linters, the test runner and the S3 server of the tests, unless they are there

$(LINTER):
	@echo "building golangci-lint, once: two to four minutes"
	@go build -C scripts/tools -trimpath -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(ACTIONLINT):
	@go build -C scripts/tools/actionlint -trimpath -o $@ github.com/rhysd/actionlint/cmd/actionlint

$(TESTRUNNER):
	@go build -C scripts/tools -trimpath -o $@ gotest.tools/gotestsum

$(S3SERVER):
	@echo "building versitygw, once: two to four minutes"
	@go build -C scripts/tools/versitygw -trimpath -o $@ github.com/versity/versitygw/cmd/versitygw

lint: $(LINTER) $(ACTIONLINT) ## gofmt, go vet, golangci-lint with the import rules, actionlint
	@$(MAKE) --keep-going format vet golangci workflows

golangci: $(LINTER)
	@$(LINTER) run ./...

workflows: $(ACTIONLINT)
	@$(ACTIONLINT)

format:
	@unformatted=$$(find . -name node_modules -prune -o -name '*.go' -print0 | xargs -0 gofmt -l); \
	[ -z "$$unformatted" ] || { echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; }

vet:
	@go vet -tags integration ./...

# What the runner says of coverage is of all packages by the tests of one, and is left out: `make coverage` says what counts.
unit: $(TESTRUNNER) ## Go unit tests under the race detector
	@mkdir -p coverage
	@$(TESTRUNNER) --format pkgname-and-test-fails --format-hide-empty-pkg --jsonfile coverage/unit.json -- \
		-race -covermode=atomic -coverprofile=coverage/unit.out -coverpkg=$(PRODUCT) ./... \
		| sed -E 's/ \(coverage: [^)]*\)//'

# A driver of a service is covered by the tests that have the service.
coverage: ## how much the tests cover, guarded; after `make unit integration`
	@go run ./scripts/coverage -minimum $(COVERAGE) coverage/unit.out $(wildcard coverage/integration.out)

widget: widget/node_modules/.package-lock.json ## the widget: types, unit tests with their coverage, the built files
	@mkdir -p coverage
	@npm --prefix widget test 2>&1 | tee coverage/widget.log

%/node_modules/.package-lock.json: %/package-lock.json
	@npm --prefix $* ci --no-audit --no-fund --loglevel=error
	@touch $@

integration: $(TESTRUNNER) $(S3SERVER) ## tests against real programs: npm clients, browsers, kill -9
	@mkdir -p coverage
	@$(TESTRUNNER) --format testname --jsonfile coverage/integration.json -- \
		-tags integration -count=1 -p 1 -timeout 40m \
		-covermode=atomic -coverprofile=coverage/integration.out -coverpkg=./shared/driver/... $(INTEGRATION) \
		| sed -E 's/[[:space:]]*\(?coverage: [^)]*\)?//'

events: ## make the tables of docs/protocol.md and docs/asyncapi.yaml from docs/events.yaml
	@go run ./scripts/events

# They are part of `make integration`. The copy of the tree that they work in is theirs: nothing is written here.
infra: ## what is asked of AWS: Terraform, against a stand-in of its provider, policy, costs, images
	@go test -count=1 ./tests/terraform/... ./scripts/costs
	@go test -tags integration -count=1 -timeout 20m ./tests/terraform ./tests/images

fuzz: ## every fuzz target for FUZZTIME, then the engine against npm yjs on HISTORIES histories
	@for package in $$(go list ./gateway/... ./shared/...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "── $$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done
	@FUZZ_COUNT=$(HISTORIES) go test -tags integration -count=1 -timeout 2h -v -run TestEngineAgreesWithYjs ./tests/yjs

chaos: ## break a cluster for CHAOS_TIME, or as CHAOS_SEED says, and judge what came of it
	@CHAOS_TIME=$(CHAOS_TIME) CHAOS_SEED=$(CHAOS_SEED) go test -tags integration -count=1 -timeout 0 -v -run TestAClusterKeepsItsPromises ./tests/chaos

bench: ## benchmarks, those of PostgreSQL too: make bench BENCH=Apply BENCHTIME=5s
	@go test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME) -p 1 ./...
	@go test -tags integration -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -p 1 ./shared/driver/postgres

figures: ## the engine beside npm yjs, then the gateway under load: minutes, on a machine that does nothing else
	@go run ./tests/yjs/bench
	@for scenario in rate hot idle storm lock cluster; do go run ./tests/load -scenario $$scenario; done

clean: ## remove what was built; the tools' cache stays
	@rm -rf bin coverage widget/coverage
