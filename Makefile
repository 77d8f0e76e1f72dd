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
#   make everywhere                                  the quick tests with each Python, lowest to newest versions
#   make environment [GROUPS="sweep test"]           only .venv, with what these targets need: sweep, live, lab, test
#   make lock [P=--upgrade]                          renew the locks of the requirements
#   make clean                                       remove what was generated, except .venv
#
# PYTHON=python3.12 chooses the interpreter of .venv.

SHELL = /bin/sh
PROFILE = default
BOOK = smoke
PY = .venv/bin/python
WORKFLOWS = .github/workflows
# first line of what needs an environment; behind it the groups on top of requirements.lock
ENVIRONMENT = @PYTHON="$(PYTHON)" sh .ci/environment
UV = .venv/bin/uv
COMPILE = $(UV) pip compile -q --no-config --universal --generate-hashes --python-version 3.11 --no-header \
	--no-emit-index-url pyproject.toml

# The caller's settings must not matter.
SHUT_OUT = PYTHON% JUPYTER% IPYTHON% PYTEST_% HYPOTHESIS% DASK_% MPL% MATPLOTLIB% RUFF_% MYPY%
unexport $(filter $(SHUT_OUT),$(.VARIABLES)) VIRTUAL_ENV CONDA_PREFIX
export PYTHONNOUSERSITE = 1
export PYTHONUTF8 = 1

.PHONY: help environment book chapter verify lab test check-pages pdf
.PHONY: bench soak mutate coverage everywhere lock clean
.NOTPARALLEL:  # targets add to the same .venv

help:
	@sed -n 's/^#   //p' Makefile

environment:
	$(ENVIRONMENT) $(GROUPS)

book:
	$(ENVIRONMENT)
	@$(PY) -m press book --profile "$(PROFILE)"

chapter:
	@test -n "$(C)" || { echo 'usage: make chapter C=rates P="-p repetitions 8"' >&2; exit 2; }
	$(ENVIRONMENT)
	@set -f; $(PY) -m press run "$(C)" --profile "$(PROFILE)" $(P)

verify:
	$(ENVIRONMENT)
	@$(PY) -m press book --without-pages
	@$(PY) -m press verify

lab:
	$(ENVIRONMENT) lab
	@set -f; $(PY) -m press lab $(P)

test:
	$(ENVIRONMENT) test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	@$(PY) -m press theory
	$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q -m 'not statement'
	$(PY) -m check_jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)/ci.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	.venv/bin/lint-imports --no-logo --no-cache
	.venv/bin/zizmor --offline --no-progress $(WORKFLOWS)

check-pages:
	$(ENVIRONMENT) test
	$(PY) -m pytest -n 2 -q tests/browser/test_site.py tests/press/site/test_pdf.py --site _build/html

pdf:
	$(ENVIRONMENT)
	@$(PY) -m press pdf

bench:
	$(ENVIRONMENT) test
	@$(PY) bench/peers.py
	$(PY) -m pytest bench -q -p no:xdist --book $(BOOK)
	@$(PY) -m press bench

soak:
	$(ENVIRONMENT) test
	@$(PY) -u bench/soak.py
	@$(PY) -u bench/chapters.py
	@$(PY) -u bench/faults.py --minutes 30
	HYPOTHESIS_PROFILE=soak $(PY) -m pytest -n 2 -q tests/opgd/test_any_input.py
	HYPOTHESIS_PROFILE=soak $(PY) -m pytest -q tests/browser/test_explorer.py -k smallest

everywhere:
	$(ENVIRONMENT)
	@sh .ci/everywhere

mutate:
	$(ENVIRONMENT) test
	@$(PY) bench/mutate.py $(M)

coverage:
	$(ENVIRONMENT) test
	@$(PY) bench/cover.py

# All groups are resolved together, so that what they share has one version. A group's lock holds what it adds, and
# again what the book needs on some machines only. `future` is an environment of its own, with another Sphinx.
lock:
	$(ENVIRONMENT)
	@mkdir -p _build/lock
	cat requirements.lock requirements/[!f]*.lock >_build/lock/all.txt
	$(COMPILE) $(P) --extra press --group book --group test -o _build/lock/all.txt
	$(COMPILE) --extra press --group book -c _build/lock/all.txt -o requirements.lock
	set -e; for group in sweep live lab test; do \
		$(COMPILE) --extra press --group book --group $$group -c _build/lock/all.txt \
			$$(sed -n '/; [^p]/d; s/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements.lock | sort -u) \
			-o requirements/$$group.lock; \
	done
	$(COMPILE) --group bench -c _build/lock/all.txt --no-emit-package numpy --no-emit-package scipy \
		-o requirements/bench.lock
	$(COMPILE) $(P) --extra regression --group future -o requirements/future.lock

clean:
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
