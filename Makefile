# Short commands for people.  The scripts in tools/, fuzz/ and bench/ do the work.
.POSIX:
.PHONY: build run test torture check fuzz bench deb install clean help

build:      ## build the program: build/doubletour
	@tools/deps build
	@tools/build release

run: build  ## build, then start on http://localhost:5000
	@tools/run

test:       ## run the tests, three rows of each parametrized one
	@tools/deps build test
	@tools/build test
	@tools/test.py --pytest-args='-q --rows 3' unit e2e browser

torture:    ## run the long campaign: kill -9, faults, races, floods (an hour or two)
	@tools/deps build test
	@tools/torture

check:      ## check layout, layers, forbidden calls; run static analysis
	@tools/deps build test check
	@tools/build test
	@tools/check

TIME = 60
fuzz:       ## run each fuzz target for TIME seconds
	@tools/deps build check
	@fuzz/run.sh $(TIME)

ONLY =
bench:      ## measure the speed, and compare it with other programs; ONLY="otp qr" for some rows
	@tools/deps build bench
	@tools/build bench
	@bench/run.py $(ONLY)

deb:        ## build the Debian packages in build/deb/
	@tools/deps build deb
	@tools/make_deb

PREFIX = /usr/local
install: build  ## install under DESTDIR and PREFIX
	@meson configure build/release --prefix $(PREFIX)
	@DESTDIR="$(DESTDIR)" meson install -C build/release

clean:      ## remove what was built
	rm -rf build

help:       ## print this list
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' Makefile | expand -t 18
