# `make demo` and `make test` do all the set-up on a fresh Debian machine with Rust, gcc, make and Python 3.11.

CARGO   ?= cargo
DATASET ?= dataset-demo
BIN     := $(or $(CARGO_TARGET_DIR),target)/release
CAPTURES := data/captures
STUDY   := $(addprefix $(CAPTURES)/,firecracker gvisor-kvm gvisor-ptrace kata-qemu linux-kvm nabla runc)

.PHONY: all demo test lint doc bench readers data-bugs clean

all:
	$(CARGO) build --release --workspace

# Exit code 1 of a command means: done, but the capture itself is incomplete. The lossy captures are meant to be.
demo:
	$(CARGO) build --release --workspace
	@rm -rf $(DATASET) && mkdir -p $(DATASET)/kernels $(DATASET)/bugs
	@cp -r data/kernels/build_id=* $(DATASET)/kernels/ && cp -r data/bugs/source=* $(DATASET)/bugs/
	@echo; echo "== Ingest: 52 captures of 7 runtimes under server load, then 11 special ones"
	$(BIN)/hap-ingest runs $(STUDY) --label set=study --out $(DATASET)
	$(BIN)/hap-ingest runs $(CAPTURES)/special --metadata $(CAPTURES)/special/overrun/trace.dat --label set=special --out $(DATASET) || [ $$? -eq 1 ]
	@echo; echo "== Horizontal Attack Profile: host-kernel lines executed, by workload and runtime"
	$(BIN)/hap-analyze hap --dataset $(DATASET) --where set=study --metric lines
	@cat data/demo-caveats.txt
	@echo; echo "== The same weighted by bug density: the bugs of Linux 6.1 that are known today, and those that were exploited"
	$(BIN)/hap-analyze hap --dataset $(DATASET) --where set=study,workload=redis-bench-get --summary --metric lines --weight cve,exploited --bugs linux-cna-6.1
	@echo; echo "== What runc reaches and Nabla does not, and the other way round"
	$(BIN)/hap-analyze diff runtime=runc,workload=redis-bench-get runtime=nabla,workload=redis-bench-get --where set=study --limit 8 --dataset $(DATASET)
	@echo; echo "The dataset is in $(DATASET)/ : Parquet for Polars, DuckDB, pandas and Spark. README.md shows more."

# Everything, oracles included: trace-cmd, Polars, DuckDB and pandas read what hap reads and writes.
test: tools/trace-cmd
	$(CARGO) test --workspace --no-fail-fast
	$(MAKE) readers

# The oracle is Debian's trace-cmd.
.PHONY: tools/trace-cmd
tools/trace-cmd:
	@command -v trace-cmd >/dev/null || { echo "make test: trace-cmd is missing, installing it (apt-get, as root)"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends trace-cmd; }

# Other programs read the dataset as it is: needs Python 3.11 and the packages of tests/readers/requirements.txt.
readers:
	@tests/readers/run.sh

# The bundled bug tables, from the records of the Linux CNA (data/bugs/README.md): make data-bugs CNA=linux-cna.tar.zst
data-bugs:
	@data/bugs/make.sh "$(CNA)"

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

bench:
	@bench/run.sh

clean:
	$(CARGO) clean
	rm -rf $(DATASET)
