# Tidegate. `make` alone lists what there is.

GO      ?= go
FUZZ    ?= 10s
ROUNDS  ?= 7
PKGS    := ./...
BIN     := bin/tidegate

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Static, and without debug tables: that is a tenth of the time of a first build, and half the file.
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -gcflags=all=-dwarf=false -ldflags='-s -w'

.PHONY: build
build: $(if $(wildcard $(BIN)),,warm) ## build bin/tidegate
	$(BUILD) -o $(BIN) ./cmd/gateway

# A first build compiles the standard library while the modules are fetched.
.PHONY: warm
warm:
	@echo "first build of $(BIN): about a minute"
	@$(GO) mod download & $(BUILD) net/http/pprof text/template database/sql log/slog os/signal; wait

.PHONY: demo
demo: build ## three regions, the gateway in front, light traffic; prints what to try
	$(BIN) demo $(DEMO)

.PHONY: test
test: peers ## every test (peers from Debian are installed when root, else their tests are skipped by name)
	$(GO) test $(PKGS)

.PHONY: check
check: fmt vet lint ## formatting, vet, lint, modules, generated files

.PHONY: race
race: ## every test under the race detector, the end-to-end ones short
	$(GO) test -race -short $(PKGS)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZ (10s) each
	@./bench/fuzz.sh $(FUZZ)

.PHONY: bench
bench: ## micro-benchmarks, comparable with benchstat
	$(GO) test -run '^$$' -bench . -benchmem ./balancer ./config ./http1 ./proxy ./region ./router

.PHONY: bench-peers
bench-peers: peers build ## processor time per request beside nginx and a naive fasthttp proxy, in paired rounds
	$(GO) run ./bench/peers -rounds $(ROUNDS) -tidegate $(BIN)

.PHONY: nightly
nightly: peers check ## the long versions: tests ten times, race whole, fuzzing 10 minutes in all
	$(GO) test -count=3 $(PKGS)
	$(GO) test -race $(PKGS)
	$(MAKE) fuzz FUZZ=60s
	$(MAKE) bench

.PHONY: fmt
fmt:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "gofmt these:"; echo "$$unformatted"; exit 1; fi

.PHONY: vet
vet:
	$(GO) vet $(PKGS)

.PHONY: lint
lint:
	$(GO) tool -modfile=tools/go.mod staticcheck $(PKGS)
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed; staticcheck ran alone"; fi

.PHONY: peers
peers:
	@./.ci/peers
