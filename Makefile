# The front door. Every target makes its own environment (.venv) first. Works with GNU make 3.81.
#
#   make book [PROFILE=smoke]                        execute the chapters that changed, build the book
#   make test                                        everything a change should pass
#   make chapter C=rates [P="-p repetitions 8"]      execute one chapter with other parameters
#   make check-pages                                 after make book: examine every page, make the PDF
#   make pdf                                         after make book: the book as one PDF (needs LaTeX)
#   make verify                                      did I get your numbers? compare with evidence/reference.json
#   make lab [P="--allow-root --no-browser"]         JupyterLab with the chapters as notebooks
#   make bench [BOOK=none|smoke|default]             time everything; press bench --renew shows it in the book
#   make soak                                        sweeps, builds, chapters under stress (kills, full disk, any parameters)
#   make mutate [M="flow/deep --sample 50"]          mutation testing of the mathematics (long)
#   make coverage                                    lines and branches that the tests reach (long)
#   make everywhere                                  the quick tests with each Python, lowest to newest versions (needs uv)
#   make lock                                        renew the locks of the requirements (needs uv)
#   make clean                                       remove what was generated, except .venv
#
# PYTHON=python3.12 chooses the interpreter of .venv.

SHELL = /bin/sh
PROFILE = default
BOOK = smoke
PY = .venv/bin/python
WORKFLOWS = .github/workflows
COMPILE = uv pip compile --universal --fork-strategy fewest --generate-hashes --python-version 3.11 --no-header

# The caller's settings must not matter.
SHUT_OUT = PYTHON% JUPYTER% IPYTHON% PYTEST_% HYPOTHESIS% DASK_% MPL% MATPLOTLIB% RUFF_% MYPY%
unexport $(filter $(SHUT_OUT),$(.VARIABLES)) VIRTUAL_ENV CONDA_PREFIX
export PYTHONNOUSERSITE = 1
export PYTHONUTF8 = 1

.PHONY: help environment book chapter verify lab test check-pages pdf
.PHONY: bench soak mutate coverage everywhere lock clean

help:
	@sed -n 's/^#   //p' Makefile

environment:
	@PYTHON="$(PYTHON)" sh .ci/environment

book: environment
	@$(PY) -m press book --profile "$(PROFILE)"

chapter:
	@test -n "$(C)" || { echo 'usage: make chapter C=rates P="-p repetitions 8"' >&2; exit 2; }
	@$(MAKE) --no-print-directory environment
	@set -f; $(PY) -m press run "$(C)" --profile "$(PROFILE)" $(P)

verify: environment
	@$(PY) -m press book --without-pages
	@$(PY) -m press verify

lab: environment
	@set -f; $(PY) -m press lab $(P)

test: environment
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q
	$(PY) -m check_jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)/ci.yml
	.venv/bin/lint-imports --no-logo --no-cache
	.venv/bin/zizmor --offline --no-progress $(WORKFLOWS)

check-pages: environment
	$(PY) -m pytest -n 2 -q tests/browser/test_site.py tests/press/site/test_pdf.py --site _build/html

pdf: environment
	@$(PY) -m press pdf

bench: environment
	@$(PY) bench/peers.py
	$(PY) -m pytest bench -q -p no:xdist --book $(BOOK)
	@$(PY) -m press bench

soak: environment
	@$(PY) -u bench/soak.py
	@$(PY) -u bench/chapters.py
	@$(PY) -u bench/faults.py --minutes 30
	HYPOTHESIS_PROFILE=soak $(PY) -m pytest -n 2 -q tests/opgd/test_any_input.py
	HYPOTHESIS_PROFILE=soak $(PY) -m pytest -q tests/browser/test_explorer.py -k smallest

everywhere:
	@sh .ci/everywhere

mutate: environment
	@$(PY) bench/mutate.py $(M)

coverage: environment
	@$(PY) bench/cover.py

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: pipx install uv" >&2; exit 1; }
	$(COMPILE) requirements.txt -o requirements.lock
	$(COMPILE) -c requirements.lock --no-emit-package numpy --no-emit-package scipy \
		requirements-bench.txt -o requirements-bench.lock

clean:
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
