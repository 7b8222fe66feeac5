# The contributor's contract: one target, one line.
.DEFAULT_GOAL := help
SHELL := /bin/bash
ARCH ?= $(shell go env GOARCH)
STACK ?= 127.0.0.1:8080
# Two cores run the suite; more tests at once only wait for the one database.
PARALLEL ?= 2
# Collecting garbage under the race detector is a fifth of the tests' time; memory is not what they lack.
GOGC ?= 400

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## Install what is needed: Go modules, npm packages from the lock files, Java and Chromium where they are missing
	@command -v go >/dev/null || { echo "Go 1.26 is missing: see https://go.dev/dl"; exit 1; }
	@command -v npm >/dev/null || { echo "Node 20 with npm is missing: apt-get install nodejs npm"; exit 1; }
	@command -v java >/dev/null || { if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq openjdk-17-jre-headless; else echo "Java 17 is missing: sudo apt-get install openjdk-17-jre-headless"; exit 1; fi; }
	@command -v chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable >/dev/null || { if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq chromium-headless-shell; else echo "Chromium is missing: sudo apt-get install chromium-headless-shell"; exit 1; fi; }
	@go mod download
	@for d in infra/local functions/console/app; do [ $$d/node_modules/.package-lock.json -nt $$d/package-lock.json ] || npm --prefix $$d ci --no-audit --no-fund --silent || exit 1; done

console: deps ## Make functions/console/dist of functions/console/app, and check its types
	@go run ./infra/console/types
	@go run ./infra/console/bundle

screenshots: deps ## Write every page of the console, small and wide, light and dark, to build/screenshots
	@SCREENSHOTS=$(CURDIR)/build/screenshots go test ./infra/console/browser -run TestEveryPage -count=1 && echo "They are in build/screenshots."

run: deps ## Start everything on this machine and print one page's address
	@go run ./infra/local -addr $(STACK)

demo: ## Play a story on the running stack: SYSTEM=teams, prospecting, service-desk, valuation, meetings or month
	@go run ./infra/local/demo -stack http://$(STACK) -system '$(or $(SYSTEM),month)'

clock: ## Move the clocks of the running stack's accounts: TO=2027-01-01T00:00:00Z, or to their next boundary
	@go run ./infra/local/clock -stack http://$(STACK) -to '$(TO)' -account '$(ACCOUNT)'

reset: ## Forget the stack's state
	@go run ./infra/local -reset

test: deps ## Run every check and test that CI runs
	@gofmt -l functions internal infra | (! grep .) || { echo "Run make fmt."; exit 1; }
	go vet ./...
	GOGC=$(GOGC) go test -race -p $(PARALLEL) -timeout 20m ./...

check: test ## The same as test: what CI runs

torture: deps ## Run the tests of faults and attacks at full size, and print one line for each: FAULT=16 for one, SHORT=1 for little of all
	@go run ./infra/torture -fault $(or $(FAULT),0) $(if $(SHORT),-short)

lint: deps ## Static checks beyond go vet
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

fmt: ## Format the code
	gofmt -w functions internal infra

build: ## Build every function as it is deployed, for arm64, into build/
	@for f in functions/*/; do n=$$(basename $$f); CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -ldflags "-s -w" -tags lambda.norpc -o build/$$n/bootstrap ./functions/$$n || exit 1; done
	@ls -l build/*/bootstrap | awk '{printf "  %5.1f MB  %s\n", $$5/1e6, $$9}'

cost: deps ## Print what each operation writes, reads and costs
	@go run ./internal/store/cost

bench: deps ## Run the benchmarks, as ratios within one run
	go test -run '^$$' -bench . -benchmem ./internal/money ./internal/billing ./internal/bench/...
	go test -run '^$$' -bench . -benchtime 1x ./infra/console/browser

openapi: ## Write infra/openapi.yaml anew from the code
	@go run ./internal/api/openapi

clean: ## Remove what was built
	rm -rf build infra/local/node_modules functions/console/app/node_modules

.PHONY: help deps console screenshots run demo clock reset test check torture lint fmt build cost bench openapi clean
