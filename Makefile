# Two targets matter: `make demo` runs Quoll on a simulated tenant, `make test`
# runs every check. Both do all their own set-up.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOFILES := $(shell find . -name '*.go' -not -path './web/node_modules/*' 2>/dev/null)
WEBFILES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)
DEMO_FLAGS ?=
SEEDS ?= 300
FIRST_SEED ?= 1
DURATION ?= 3m
BENCH_FLAGS ?=
CORPUS ?= ../shared/corpus/content

.PHONY: test-constants help demo build test test-go rules-corpus simulate simulate-defender simulate-mutations torture test-exhaustive test-web test-browser lint fuzz bench bench-archive bench-lake lake-readers bench-collect bench-tenants bench-eventhub bench-lookups audit conformance conformance-rows conformance-calls docs need clean screenshots

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: build ## build everything and run Quoll on a simulated tenant
	exec bin/quoll demo $(DEMO_FLAGS)

build: need bin/quoll bin/quoll-verify ## build bin/quoll with the browser UI inside, and bin/quoll-verify

bin/quoll: $(GOFILES) go.mod go.sum web/dist/index.html $(shell find rules -name '*.yaml' 2>/dev/null)
	go build -ldflags "-s -w -X main.version=$(VERSION)" -o $@ ./cmd/quoll

bin/quoll-verify: $(wildcard cmd/quoll-verify/*.go archive/proof/*.go archive/proof/command/*.go) go.mod go.sum
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $@ ./cmd/quoll-verify

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --prefer-offline --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEBFILES)
	cd web && npm run --silent build
	@touch $@

# Everything here is compiled once, for the race detector: dependencies are the
# larger part of the time on a machine that has none of them yet.
test: need ## every check
	@$(MAKE) --no-print-directory -j2 lane-go lane-web

# A larger heap saves a third of the time of compilers and of race tests. SQLite
# is one file of C, on which gcc works longer than Go on any package; with -O1 it
# is done in half the time, and no test is slower for it.
FOR_TESTS := lint lane-go-first test-go test-kafka test-azurite test-browser-canned test-browser-demo
$(FOR_TESTS) test-exhaustive: export GOGC ?= 400
$(FOR_TESTS): export CGO_CFLAGS ?= -O1
# Code of others that is large, and of little weight in tests, is compiled without
# inlining: the race detector instruments what was inlined at each place anew.
OUTLINED := github.com/apache github.com/Azure github.com/AzureAD github.com/twmb github.com/minio github.com/prometheus github.com/xuri \
	github.com/andybalholm github.com/pressly github.com/goccy github.com/pierrec github.com/spf13 github.com/stretchr \
	google.golang.org golang.org/x/net golang.org/x/text
$(FOR_TESTS): export GOFLAGS += $(foreach module,$(OUTLINED),-gcflags=$(module)/...=-l)
# A process of the race detector sleeps for a second before it ends, for the last
# words of others. Here some 400 processes end: tests and scripts.
$(FOR_TESTS) test-exhaustive: export GORACE ?= atexit_sleep_ms=0

# The browser UI is downloaded, built and tested, mostly on one core; meanwhile
# the other tests what does not embed it. test-go finds those results in the cache.
WITHOUT_UI := ./access ./archive/... ./collect/... ./detect/... ./drift ./incident ./journal ./kql/... ./lake/... ./normalise \
	./notify ./pipeline ./query/... ./schema ./silence ./tenantsim/...
# Scripts and stores wait for the disk, so more run at once than there are cores.
GO_TEST := go test -race -short -vet=off -ldflags=-w -p 3 -parallel 4 -timeout 12m
# These start no goroutine, nor do their tests or what they import of Quoll (a test in
# internal/house sees to it). There the race detector finds nothing, and what takes
# 3 CPU s without it takes 39 with it.
SEQUENTIAL := ./tenantsim/world ./silence ./kql ./kql/bind ./kql/syntax ./kql/native/cluster ./kql/native/coding ./kql/native/geo \
	./kql/native/graph ./kql/native/network ./kql/native/number ./kql/native/series ./kql/native/sketch ./kql/native/steps ./kql/native/text
GO_TEST_SEQUENTIAL := go test -short -vet=off -ldflags=-w $(SEQUENTIAL)

# Two lanes, one for Go and one for the browser, keep both cores busy. The UI's
# types are checked before vite meets a mistake in them.
.PHONY: lane-go lane-go-first lane-web lane-dist
lane-go: lane-go-first lane-dist
	@$(MAKE) --no-print-directory test-go

lane-go-first:
	$(GO_TEST) $(filter-out $(SEQUENTIAL),$(shell go list -f '{{.Dir}}' $(WITHOUT_UI) | sed 's|^$(CURDIR)/|./|'))
	$(GO_TEST_SEQUENTIAL)

lane-dist: test-web
	@$(MAKE) --no-print-directory web/dist/index.html

lane-web: lane-dist
	@$(MAKE) --no-print-directory test-browser-canned
	@$(MAKE) --no-print-directory -j2 test-browser-demo lint-behind

# The tests of the demo wait for much of their time, and by then all is compiled
# that the linters want.
.PHONY: lint-behind
lint-behind:
	@nice -n 10 $(MAKE) --no-print-directory lint

# lint vets it all. Linking without debug information takes 0.6 of the
# time; traces of panics and races need none.
test-go: web/dist/index.html ## Go tests with the race detector; exhaustive ones are sampled
	$(GO_TEST) $(filter-out $(SEQUENTIAL),$(shell go list -f '{{.Dir}}' ./... | sed 's|^$(CURDIR)/|./|'))
	$(GO_TEST_SEQUENTIAL)

rules-corpus: build ## published rules, imported and run on empty tables: make rules-corpus CORPUS=folder
	bin/quoll rules import $(CORPUS) --dry-run

# Java is no prerequisite, so that this is no part of test.
.PHONY: test-kafka
test-kafka: bin/kafka/pom.xml ## Event Hubs' collector against Apache Kafka; takes java and mvn
	go vet -race -tags kafka ./collect/eventhub
	go test -race -vet=off -tags kafka -timeout 10m ./collect/eventhub -run ApacheKafka -jars $(CURDIR)/bin/kafka

# 180 packages that nothing else needs, so that this is no part of test.
.PHONY: test-readback
test-readback: ## the tables of the lake read and written by Iceberg's own library for Go
	go vet -tags readback ./lake/readback
	go test -vet=off -tags readback ./lake/readback

.PHONY: test-openssl
test-openssl: ## time stamps against OpenSSL, as the authority and as the verifier; takes openssl
	go vet -tags openssl ./archive/proof/timestamp
	go test -vet=off -tags openssl ./archive/proof/timestamp -run OpenSSL

# 235 npm packages of 360 MB, so that this is no part of test.
.PHONY: test-azurite
test-azurite: bin/azurite/node_modules/.package-lock.json ## Azure Storage's collector, the copies' store and the whole lake against Azurite
	go vet -tags azurite,stores ./collect/blobexport ./internal/objectstore/azure ./lake
	go test -race -vet=off -tags azurite -timeout 5m ./collect/blobexport -run Azurite -azurite $(CURDIR)/bin/azurite
	go test -race -vet=off -tags azurite -timeout 5m ./internal/objectstore/azure -run Azurite -azurite $(CURDIR)/bin/azurite
	go test -short -vet=off -tags stores -timeout 20m ./lake -store azurite -azurite $(CURDIR)/bin/azurite

# An S3 that others wrote, with Object Lock and conditional puts: 60 packages of
# Python, so that this is no part of test.
.PHONY: test-s3
test-s3: bin/moto/bin/moto_server ## the copies' store and the whole lake against moto's S3; takes python3 with venv
	go vet -tags moto,stores ./internal/objectstore/s3 ./lake
	go test -race -vet=off -tags moto -timeout 5m ./internal/objectstore/s3 -run Moto -moto $(CURDIR)/bin/moto/bin/moto_server
	go test -short -vet=off -tags stores -timeout 20m ./lake -store moto -moto $(CURDIR)/bin/moto/bin/moto_server

bin/moto/bin/moto_server: scripts/moto/requirements.txt
	python3 -m venv bin/moto
	bin/moto/bin/pip install --quiet --disable-pip-version-check -r scripts/moto/requirements.txt
	@touch $@

bin/azurite/node_modules/.package-lock.json: scripts/azurite/package-lock.json
	@mkdir -p bin/azurite
	cp scripts/azurite/package.json scripts/azurite/package-lock.json web/.npmrc bin/azurite
	cd bin/azurite && npm ci --prefer-offline --no-audit --no-fund --loglevel=error
	@touch $@

bin/kafka/pom.xml: scripts/kafka/pom.xml
	scripts/kafka/jars bin/kafka

simulate: ## the whole river through weeks of trouble: make simulate SEEDS=n FIRST_SEED=k
	scripts/simulate ./simulate TestTheWholeRiver $(SEEDS) $(FIRST_SEED)

simulate-defender: ## Defender's roads through lost brokers, crashes and repeats: make simulate-defender SEEDS=n FIRST_SEED=k
	SIMULATE_JOBS=1 scripts/simulate ./simulate/defender TestEveryRoad $(SEEDS) $(FIRST_SEED)

simulate-mutations: ## both simulations on code that is broken on purpose: MUTATIONS_FLAGS="-seeds 200 -only 'journal'"
	go run ./simulate/mutants $(MUTATIONS_FLAGS)
.PHONY: false-alerts
false-alerts: ## how often the rules are wrong on ordinary days: make false-alerts SEEDS=10
	go run ./simulate/stories/measure -seeds $(SEEDS) -first-seed $(FIRST_SEED) $(BENCH_FLAGS)

torture: build ## the real binary, killed every few seconds: make torture DURATION=5m
	go run ./simulate/torture -quoll bin/quoll -duration $(DURATION) $(TORTURE_FLAGS)

.PHONY: soak
soak: build ## a demo that is left alone and asked: make soak SOAK_FLAGS="-duration 2h"
	go run ./simulate/soak -quoll bin/quoll $(SOAK_FLAGS)

test-exhaustive: web/dist/index.html ## Go tests in full: every byte, every file operation, more seeds
	go test -timeout 60m ./...

test-web: web/node_modules/.package-lock.json ## unit tests of the browser UI
	cd web && npm run --silent typecheck && npm test --silent

test-browser: test-browser-canned test-browser-demo ## the UI in headless Chromium, over canned answers and on the demo

.PHONY: test-browser-canned test-browser-demo race-binaries
test-browser-canned: race-binaries
	cd web && QUOLL_FILES_AT_ONCE=2 QUOLL_CANNED=$(CURDIR)/bin/race/canned npm run --silent e2e

test-browser-demo: race-binaries
	QUOLL_BIN=bin/race/quoll scripts/browser-test
	QUOLL_BIN=bin/race/quoll scripts/browser-test --unconnected

race-binaries: web/dist/index.html
	@scripts/chromium
	@mkdir -p bin/race
	go build -race -ldflags "-w -X main.version=$(VERSION)" -o bin/race/ ./cmd/quoll ./server/servertest/canned

.PHONY: test-million
test-million: build ## a million rows in the grid of a real Quoll; CI has a hundred thousand
	@scripts/chromium
	scripts/browser-test --million

# Pages that a demo of a few minutes has little for are taken over canned answers;
# the rest, over those of the same name, on the demo.
screenshots: build race-binaries ## take the screenshots of the docs anew
	cd web && QUOLL_SCREENSHOTS=$(CURDIR)/docs/screenshots QUOLL_CANNED=$(CURDIR)/bin/race/canned npm run --silent e2e
	QUOLL_SCREENSHOTS=$(CURDIR)/docs/screenshots scripts/browser-test
	QUOLL_SCREENSHOTS=$(CURDIR)/docs/screenshots scripts/browser-test --unconnected

lint: web/dist/index.html ## format, vet and static analysis
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted"; exit 1; fi
	go build -o bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	go vet -race ./...
	GOFLAGS="$(GOFLAGS) -race" bin/staticcheck ./...

fuzz: ## each fuzz target for FUZZTIME (default 60s)
	scripts/fuzz $${FUZZTIME:-60s}

bench: ## Go benchmarks
	go test -run '^$$' -bench . -benchmem ./...

bench-archive: ## append, verify and prove 10 million payloads; BENCH_FLAGS="-leaves 200000 -keep folder -steps append,verify"
	go run ./bench/archive $(BENCH_FLAGS)

bench-lake: ## a month of audit records into the lake, compacted, asked; BENCH_FLAGS="-records 1000000 -days 30 -dir folder"
	go run ./bench/lake $(BENCH_FLAGS)

lake-readers: bin/quoll ## the tables opened by PyIceberg and by ClickHouse's library, rows compared
	scripts/lake-readers

lake-store-readers: bin/quoll bin/moto/bin/moto_server bin/azurite/node_modules/.package-lock.json ## the same, straight from the S3 of moto and from Azurite
	scripts/lake-store-readers

.PHONY: bench-rows
bench-rows: ## a lake of 100 million rows over a year, to ask: BENCH_FLAGS="-dir folder -rows 10000000"
	go run ./bench/rows $(BENCH_FLAGS)

.PHONY: bench-rules
bench-rules: ## 500 rules over that lake through two hours of schedule: BENCH_FLAGS="-data folder"
	go run ./bench/rules $(BENCH_FLAGS)

bench-tenants: bin/quoll ## how late each of 500 tenants in one process is; BENCH_FLAGS="-tenants 100 -during 1m"
	go run ./bench/tenants -quoll bin/quoll -o bin/bench-tenants.json $(BENCH_FLAGS)

bench-collect: bin/quoll ## collectors side by side; BENCH_FLAGS="-filebeat path -repeat 3 -only bare,quoll"
	go run ./bench/collect -quoll bin/quoll -o bin/bench-collect.json $(BENCH_FLAGS)

bench-eventhub: ## a full hub to visible rows, and a bare consumer of the same; BENCH_FLAGS="-bench-events 400000"
	go test -vet=off -run '^$$' -bench 'HubToRows|BareConsumer' -benchtime 1x -count 3 ./simulate/defender $(BENCH_FLAGS)

bench-lookups: bin/quoll ## quoll lookup over twelve simulated months; BENCH_FLAGS="-volume 5"
	go run ./bench/lookups -quoll bin/quoll $(BENCH_FLAGS)

docs: ## write docs/kql.md anew, with the results of its examples
	go test ./internal/kqldoc -update

conformance: bin/quoll ## compare with published KQL: make conformance CORPUS=folder
	@test -n "$(CORPUS)" || { echo "name the folder: make conformance CORPUS=../shared/corpus"; exit 2; }
	scripts/conformance "$(CORPUS)"

conformance-rows: ## compare with rows that Sentinel wrote: make conformance-rows DATA=folder
	@test -n "$(DATA)" || { echo "name the folder: make conformance-rows DATA=../shared/data"; exit 2; }
	go run ./conformance/rows -data "$(DATA)" -v

conformance-calls: web/node_modules/.package-lock.json ## every function with every type, bound by Microsoft's binder as well: BINDER=folder for another version of it
	go run ./conformance/calls -binder "$(or $(BINDER),web/node_modules/@kusto/language-service-next)"
	go run ./conformance/calls -operators -binder "$(or $(BINDER),web/node_modules/@kusto/language-service-next)"

test-constants: ## every function over constants and over the same values in columns; CI has every seventh: ROUNDS=n SEED=k
	go test -vet=off -timeout 30m ./query/duckdb -run 'ConstantsAndColumns' -constants.whole -constants.rounds $(or $(ROUNDS),1) -generated.seed $(or $(SEED),1) -v

audit: web/node_modules/.package-lock.json ## known vulnerabilities of dependencies (asks the public databases)
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...
	cd web && npm audit --omit=dev

need:
	@scripts/need

clean: ## remove what was built
	rm -rf bin web/node_modules web/dist/assets web/dist/index.html
