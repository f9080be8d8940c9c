# `make demo` and `make test` do all the set-up on a fresh Debian machine with Rust, gcc, make and Python 3.11.

CARGO   ?= cargo
DATASET ?= dataset-demo
BIN     := $(or $(CARGO_TARGET_DIR),target)/release
MDBOOK  := 0.5.4

.PHONY: all demo test lint bench readers kernelshark notebooks docs report-test book man completions data-bugs lab lab-shell lab-study lab-smoke lab-test clean

all:
	$(CARGO) build --release --workspace

demo:
	$(CARGO) build --release --workspace
	@echo; echo "== Ingest: 52 captures of 7 runtimes under server load, then 11 special ones"
	data/dataset.sh $(BIN) $(DATASET)
	@echo; echo "== Horizontal Attack Profile: host-kernel lines executed, by workload and runtime"
	$(BIN)/hap-analyze hap --dataset $(DATASET) --where set=study --metric lines
	@cat data/demo-caveats.txt
	@echo; echo "== The same weighted by bug density: the bugs of Linux 6.1 that are known today, and those that were exploited"
	$(BIN)/hap-analyze hap --dataset $(DATASET) --where set=study,workload=redis-bench-get --summary --metric lines --weight cve,exploited --bugs linux-cna-6.1
	@echo; echo "== What runc reaches and Nabla does not, and the other way round"
	$(BIN)/hap-analyze diff runtime=runc,workload=redis-bench-get runtime=nabla,workload=redis-bench-get --where set=study --limit 8 --dataset $(DATASET)
	@echo; echo "The dataset is in $(DATASET)/ : Parquet for Polars, DuckDB, pandas and Spark. README.md shows more."
	$(BIN)/hap-analyze report --dataset $(DATASET) --where set=study --bugs linux-cna-6.1 --out $(DATASET)/report.html
	@echo; echo "The report, for a browser: $(abspath $(DATASET)/report.html)"

# Everything, oracles included: trace-cmd, KernelShark, Polars, DuckDB and pandas read what hap reads and writes.
test: tools/trace-cmd
	$(CARGO) test --workspace --no-fail-fast
	$(MAKE) readers
	$(MAKE) kernelshark
	$(MAKE) docs
	$(MAKE) notebooks
	$(MAKE) report-test

# The oracle is Debian's trace-cmd.
.PHONY: tools/trace-cmd
tools/trace-cmd:
	@command -v trace-cmd >/dev/null || { echo "make test: trace-cmd is missing, installing it (apt-get, as root)"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends trace-cmd; }

# Other programs read the dataset as it is: needs Python 3.11; the packages of requirements.txt go into a virtual environment.
readers:
	@tests/readers/run.sh

# KernelShark's library opens what hap-capture writes: installs it where it is missing.
kernelshark:
	@tests/kernelshark/run.sh

# Every notebook from start to end, on the bundled data. With UPDATE_NOTEBOOKS=1 outputs are taken out of the files.
notebooks:
	@tests/notebooks/run.sh

# Every command in README.md, docs and --help against its printed output, and every link. UPDATE_DOCS=1 writes the outputs anew.
docs:
	@tests/docs/run.sh

# docs/ as a book, in target/book: builds mdBook the first time.
book:
	@[ -x target/tools/bin/mdbook ] || $(CARGO) install --locked --quiet --root target/tools --version $(MDBOOK) --no-default-features --features search mdbook
	target/tools/bin/mdbook build docs
	@python3 tests/docs/book.py target/book

# Manual pages in target/man, completion scripts in target/completions.
man:
	$(CARGO) build --release --workspace
	@tests/docs/pages.sh $(BIN) target/man

completions:
	$(CARGO) build --release --workspace
	@mkdir -p target/completions
	@for program in hap-capture hap-ingest hap-analyze; do for shell in bash zsh fish; do \
		$(BIN)/$$program completions $$shell > target/completions/$$program.$$shell; done; done
	@ls target/completions

# The report in headless Chromium: installs npm and Chromium where they are missing.
report-test:
	@tests/report/run.sh

# The bundled bug tables, from the records of the Linux CNA (data/bugs/README.md): make data-bugs CNA=linux-cna.tar.zst
data-bugs:
	@data/bugs/make.sh "$(CNA)"

# A virtual machine whose kernel can be traced (capture/lab/README.md). Debian 12 and root; made once, kept outside the checkout.
lab:
	@capture/lab/lab build

lab-shell: lab
	@capture/lab/lab shell

# make lab-study PLAN=plan.toml [OUT=folder]; a second call goes on where the first was stopped.
lab-study: lab
	@capture/lab/study.sh "$(PLAN)" $(OUT)

lab-smoke: lab
	@capture/lab/smoke.sh

lab-test: lab
	@capture/lab/test.sh

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

bench:
	@bench/run.sh

clean:
	$(CARGO) clean
	rm -rf $(DATASET)
