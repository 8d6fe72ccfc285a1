# The way in: everything a newcomer or CI does has one target here. CONTRIBUTING.md has the presets
# behind them, for daily work.
#
# run, test, bench, install and deb share build/release. FATHOM_TESTS and FATHOM_BENCHES only add
# programs, so going from one target to another compiles nothing twice.
.DEFAULT_GOAL := help
.PHONY: help run test test-clients bench page test-page install uninstall deb wheel format format-check clean

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
# DEPS=installed leaves the packages alone: for systems without apt.
DEPS ?= install
ifeq ($(DEPS),install)
  deps = tools/install_deps.sh $(1)
else ifeq ($(DEPS),installed)
  deps = true
else
  $(error DEPS=$(DEPS), expected install or installed)
endif

# Without its messages, which are the same every time; warnings and errors go to standard error.
configure = cmake --preset release $(1) > /dev/null
build = cmake --build --preset release -j $(JOBS) $(1)

# Whatever is configured is kept, so that `make run` after `make test` does not configure again.
define build_program
	@$(call deps,$(1))
	@[ -f build/release/build.ninja ] || $(call configure,-DFATHOM_TESTS=OFF -DFATHOM_BENCHES=OFF -DFATHOM_PYTHON=OFF)
	@$(call build,--target $(2))
endef

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

run:  ## build Fathom and talk to the bundled model
	$(call build_program,run,fathom)
	@tools/first_run.sh build/release/apps/fathom/fathom

test:  ## build and run every test
	@$(call deps,test)
	@$(call configure,-DFATHOM_TESTS=ON -DFATHOM_BENCHES=OFF -DFATHOM_PYTHON=ON)
	@$(call build)
	@ctest --preset release --no-tests=error -j $(JOBS)

test-clients:  ## install coding agents from npm (840 MB, into build/agents) and run them against the server
	@$(call deps,test)
	@$(call configure,-DFATHOM_TESTS=ON -DFATHOM_BENCHES=OFF -DFATHOM_PYTHON=OFF)
	@$(call build,--target scripted_server)
	@tests/agents/test.sh build/release/tests/scripted_server models/fathom-nano/tokenizer.json build/agents

bench:  ## build and run every benchmark
	@$(call deps,test)
	@$(call configure,-DFATHOM_TESTS=OFF -DFATHOM_BENCHES=ON)
	@$(call build)
	@programs=$$(find build/release -name '*_bench' -type f | sort); \
	[ -n "$$programs" ] || { echo "error: no module has benchmarks" >&2; exit 1; }; \
	for program in $$programs; do echo "$$program"; $$program || exit 1; done

page:  ## build the chat page again from web/, into web/dist (which is committed: others need no node)
	@$(call deps,page)
	@web/build.sh build/page web/dist

test-page:  ## say whether web/dist is what web/ builds, and use the page in a browser
	@$(call deps,test)
	@$(call deps,page)
	@web/check.sh build/page
	@$(call configure,-DFATHOM_TESTS=ON -DFATHOM_BENCHES=OFF)
	@$(call build,--target scripted_server)
	@tests/page/test.sh build/release/tests/scripted_server models/fathom-nano/tokenizer.json build/page-test

# The components of cmake/Install.cmake that do not belong to packages alone. CMake forgets the list of
# what it installed at the next cpack, so a copy is kept for uninstall. The umask may be root's.
install:  ## install program, model, library, manual and completions below PREFIX (/usr/local); DESTDIR is heeded
	$(call build_program,run,fathom fathom_shared program_docs)
	@rm -f build/release/installed.txt; umask 022; \
	for component in program model unpackaged development; do \
	  cmake --install build/release --prefix '$(PREFIX)' --component $$component || exit 1; \
	  { cat build/release/install_manifest_$$component.txt; echo; } >> build/release/installed.txt; \
	done

uninstall:  ## remove what make install installed last
	@tools/uninstall.sh build/release/installed.txt

deb:  ## build the Debian packages fathom and fathom-nano, into build/release/packages
	$(call build_program,deb,fathom program_docs deb_files)
	@umask 022; cd build/release && cpack -G DEB -B packages > packages.log 2>&1 || { cat packages.log; exit 1; }
	@ls -sh build/release/packages/*.deb

wheel:  ## build the Python module as a wheel for Debian 12's Python, into build/release/wheel
	@$(call deps,python)
	@[ -f build/release/build.ninja ] || $(call configure,-DFATHOM_TESTS=OFF -DFATHOM_BENCHES=OFF)
	@$(call configure,-DFATHOM_PYTHON=ON)
	@$(call build,--target fathom_wheel)
	@ls build/release/wheel/*.whl

format:  ## format every C++ file
	@tools/format.sh

format-check:  ## say which C++ files are not formatted
	@tools/format.sh --check

clean:  ## remove everything that was built
	rm -rf build models/fathom-nano/*.safetensors
