# Entry points for people.  Each target runs a script of tools/ or one meson command; this file decides nothing.
.POSIX:
.PHONY: build run test torture check fuzz bench deb install clean help

build:      ## build/doubletour
	@tools/deps build
	@tools/build release

run: build  ## build, then start on http://localhost:5000
	@tools/run

test:       ## every test
	@tools/deps build test
	@tools/build test
	@tools/test.py unit e2e browser

torture:    ## the long campaign: kill -9, faults, races, floods (an hour or two)
	@tools/deps build test
	@tools/torture

check:      ## layout, layers, forbidden calls, static analysis
	@tools/deps build test check
	@tools/build test
	@tools/check

TIME = 60
fuzz:       ## each fuzz target for TIME seconds
	@tools/deps build check
	@fuzz/run.sh $(TIME)

ONLY =
bench:      ## how fast, against others, by turns in one run; ONLY="otp qr" for some rows
	@tools/deps build bench
	@tools/build bench
	@bench/run.py $(ONLY)

deb:        ## the Debian packages, in build/deb/
	@tools/deps build deb
	@tools/make_deb

PREFIX = /usr/local
install: build  ## below DESTDIR and PREFIX
	@meson configure build/release --prefix $(PREFIX)
	@DESTDIR="$(DESTDIR)" meson install -C build/release

clean:      ## remove what was built
	rm -rf build

help:       ## this list
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' Makefile | expand -t 18
