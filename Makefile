# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sources are found, not listed: a new .c, .pie.c, .proto or test program is built because it is there.

VERSION	:= 5.0
ARCH	:= $(shell uname -m | sed -e 's/x86_64/x86/')
PREFIX	?= /usr/local
O	= $(BUILD)/obj
Q	:= $(if $(V),,@)

# Make's own default is cc: only a name that somebody has given is kept.
ifeq ($(origin CC),default)
CC	:= gcc
endif
AR	?= ar
PROTOC_C ?= protoc-c

ifdef DEBUG
BUILD	:= build/debug
OPT	:= -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer
else
BUILD	:= build
OPT	:= -O2 -g
# Half a millisecond of every run is the loader's otherwise (Documentation/performance.md); still at a random address.
# libnl's archive could look up names of hosts, which nothing here calls: the linker's warnings of that are no news.
TOOL_LIBS := -static-pie -Wl,--no-warnings -lprotobuf-c -lnl-3
endif

WARN	:= -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition \
	   -Wshadow -Wpointer-arith -Wwrite-strings -Wformat=2 -Wvla -Wno-missing-field-initializers
CFLAGS	:= -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -pthread -fPIE $(OPT) $(WARN) -MMD -MP
# The sanitizers' own branches make gcc see formats that would be null: what it says of them is no finding.
ifdef DEBUG
CFLAGS	+= -Wno-format-truncation
endif
INC	:= -Icriu -Icriu/arch/$(ARCH) -I$(BUILD) -Icompel/include -isystem /usr/include/libnl3
# A distribution without the archive of libnl gives the shared one. Before the first install-deps there is no compiler to ask.
nl_archive := $(findstring /,$(shell $(CC) -print-file-name=libnl-3.a 2>/dev/null))
LIBS	:= -Wl,--as-needed -Wl,-Bstatic -lprotobuf-c $(if $(nl_archive),-lnl-3) -Wl,-Bdynamic $(if $(nl_archive),,-lnl-3)
TOOL_LIBS ?= $(LIBS)

.DEFAULT_GOAL := all
# Keep what pattern rules chain through: it is needed again by the next build.
.SECONDARY:
all: $(BUILD)/criu
.PHONY: all zdtm unit test demo install clean fuzz check

# --- image records -------------------------------------------------------------------------------------
protos	:= $(wildcard images/*.proto)
pb_c	:= $(protos:%.proto=$(BUILD)/%.pb-c.c)
pb_h	:= $(pb_c:.c=.h)
pb_o	:= $(pb_c:.c=.o)

$(BUILD)/images/%.pb-c.c $(BUILD)/images/%.pb-c.h: images/%.proto
	@mkdir -p $(@D)
	$(Q)cd images && $(PROTOC_C) --c_out=$(CURDIR)/$(BUILD)/images $*.proto

$(pb_o): %.o: %.c | $(pb_h)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -fPIE $(OPT) -MMD -MP -I$(BUILD)/images -c $< -o $@

# --- the compel library, and freestanding code for it ---------------------------------------------------
include compel/compel.mk

# --- pycriu and crit ------------------------------------------------------------------------------------
include lib/lib.mk

# --- the tool -------------------------------------------------------------------------------------------
# Of criu/arch/, what is in its top and in the directory of this architecture.
other_arch := $(filter-out criu/arch/$(ARCH),$(wildcard criu/arch/*))
sources	:= $(filter-out $(other_arch:%=%/%),$(shell find criu -name '*.c'))
criu_c	:= $(sort $(filter-out %.pie.c,$(sources)))
criu_o	:= $(criu_c:%.c=$(O)/%.o)
pie_c	:= $(sort $(filter %.pie.c,$(sources)))
pie_main := criu/pie/parasite.pie.c criu/pie/restorer.pie.c
pie_o	:= $(patsubst %.pie.c,$(O)/%.pie.o,$(filter-out $(pie_main),$(pie_c)))
blobs	:= $(O)/criu/pie/parasite.blob.o $(O)/criu/pie/restorer.blob.o

# A message of file/timerfd.c is scoped "timerfd:" without its author writing it.
kind_dirs := file task mem sock ns ipc mount net $(ARCH)
kind_of	= $(if $(filter $(kind_dirs),$(notdir $(patsubst %/,%,$(dir $<)))),-DKIND_NAME='"$(basename $(notdir $<))"')

$(O)/criu/%.o: criu/%.c | $(pb_h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(INC) -I$(BUILD)/images -DVERSION='"$(VERSION)"' $(kind_of) -c $< -o $@

$(O)/criu/%.pie.o: criu/%.pie.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(PIE_CFLAGS) $(INC) -c $< -o $@

$(O)/criu/pie/%.blob: $(O)/criu/pie/%.pie.o $(pie_o) $(PIE_DEPS)
	$(PIE_LINK)

$(BUILD)/libcriu-core.a: $(filter-out $(O)/criu/main.o,$(criu_o)) $(pb_o) $(blobs)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(O)/criu/main.o: criu/main.c
$(BUILD)/criu: $(O)/criu/main.o $(BUILD)/libcriu-core.a $(BUILD)/libcompel.a
	$(Q)$(CC) $(OPT) -pthread -o $@ $^ $(TOOL_LIBS)

# --- tests ----------------------------------------------------------------------------------------------
zdtm_c	:= $(wildcard test/zdtm/static/*.c)
zdtm_lib := $(wildcard test/zdtm/lib/*.c)
zdtm	: $(zdtm_c:test/zdtm/static/%.c=$(BUILD)/zdtm/static/%)
$(BUILD)/zdtm/static/%: test/zdtm/static/%.c $(zdtm_lib) $(wildcard test/zdtm/lib/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -g -pthread -Itest/zdtm/lib -o $@ $< $(zdtm_lib)

unit_c	:= $(wildcard test/unit/*.c)
unit_x	:= $(unit_c:test/unit/%.c=$(BUILD)/unit/%)
$(BUILD)/unit/%: test/unit/%.c $(BUILD)/libcriu-core.a $(BUILD)/libcompel.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(INC) -I$(BUILD)/images -Itest/unit -o $@ $< $(filter %.pie.o,$^) $(BUILD)/libcriu-core.a $(BUILD)/libcompel.a $(LIBS) -lcmocka
# Code for the restorer that needs nothing but system calls runs here, too.
$(BUILD)/unit/test_labels: $(O)/criu/task/label.pie.o

# Namespaces through the tool's code without a checkpoint around it: driven by test/net/net.py.
$(BUILD)/net/%: test/net/%.c $(BUILD)/libcriu-core.a $(BUILD)/libcompel.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(INC) -I$(BUILD)/images -o $@ $< $(BUILD)/libcriu-core.a $(BUILD)/libcompel.a $(LIBS)

# A tree of processes in namespaces: driven by test/ns/nestings.py.
$(BUILD)/ns/%: test/ns/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -Wall -Wextra -Werror -O2 -g -o $@ $<

unit: $(unit_x)
	$(Q)test/run unit $(unit_x)

# --- what a newcomer and CI run ---------------------------------------------------------------------------
.PHONY: deps check-headers check-layers check-kinds check-size check-format check-lint
deps:
	$(Q)scripts/install-deps
# On all CPUs, unless the caller has said on how many.
jobs	= $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
# Make is silent while it builds, so somebody who waits is told what for. -s: no news of what is built already.
test: deps
	@echo "building the tool and its tests (about a minute on 2 CPUs, the first time)"
	$(Q)$(MAKE) -s $(jobs) all zdtm $(unit_x) $(BUILD)/net/roundtrip $(BUILD)/ns/nest pycriu
	$(Q)scripts/get-peer $(BUILD)/peer || true
	$(Q)test/run all
demo:
	$(Q)scripts/install-deps --build-only
	@echo "building (about half a minute on 2 CPUs, the first time)"
	$(Q)$(MAKE) -s $(jobs) all
	$(Q)scripts/demo

check: check-headers check-layers check-kinds check-size check-format check-lint
check-headers: $(pb_h)
	$(Q)scripts/check/headers $(BUILD)
check-layers check-kinds check-size check-format:
	$(Q)scripts/check/$(@:check-%=%)
# It cannot see that auto_free frees. Its findings that are about style, or about the macros that it cannot see through, are left to reviewers.
check-lint:
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr -j2 \
		--suppress=memleak --suppress=internalAstError --suppress=integerOverflow:criu/arch/x86/cpuinfo.c \
		--suppress=shiftNegativeLHS:criu/task/posix_timers.c --suppress=nullPointerRedundantCheck --suppress=unknownMacro --suppress=preprocessorErrorDirective \
		-D__x86_64__ -Icriu -Icompel/include criu compel/src

# --- installing -------------------------------------------------------------------------------------------
SBINDIR	?= $(PREFIX)/sbin
install: all install-crit install-docs
	install -D -m 755 $(BUILD)/criu $(DESTDIR)$(SBINDIR)/criu
	install -D -m 755 scripts/criu-ns $(DESTDIR)$(SBINDIR)/criu-ns

-include $(shell find $(BUILD) -type f -name '*.d' -not -path '*/peer/*' 2>/dev/null)

clean:
	rm -rf build
