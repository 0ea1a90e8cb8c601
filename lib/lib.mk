# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pycriu, crit and libcriu. The Python package is put together under $(BUILD)/pycriu; crit finds it there when it is
# run from the tree.

PROTOC	?= protoc
PYTHON	?= /usr/bin/python3
LIBDIR	?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

pycriu_src := $(shell find lib/pycriu -name '*.py')
pycriu_py  := $(pycriu_src:lib/%=$(BUILD)/%)
pycriu_gen := $(BUILD)/pycriu/images/images.desc $(BUILD)/pycriu/rpc_pb2.py \
	      $(BUILD)/pycriu/version.py
.PHONY: pycriu crit-test install-pycriu install-crit install-docs

pycriu: $(pycriu_py) $(pycriu_gen)

$(pycriu_py): $(BUILD)/%.py: lib/%.py
	@mkdir -p $(@D)
	$(Q)cp $< $@

# The schema as data: pycriu makes its classes from it (lib/pycriu/images/schema.py says why).
$(BUILD)/pycriu/images/images.desc: $(protos)
	@mkdir -p $(@D)
	$(Q)cd images && $(PROTOC) --include_imports \
		--descriptor_set_out=$(abspath $@) $(notdir $(protos))

$(BUILD)/pycriu/rpc_pb2.py: images/rpc.proto
	@mkdir -p $(@D)
	$(Q)cd images && $(PROTOC) --python_out=$(abspath $(@D)) rpc.proto

$(BUILD)/pycriu/version.py: Makefile
	@mkdir -p $(@D)
	$(Q)printf '# SPDX-License-Identifier: LGPL-2.1-or-later\nVERSION = "%s"\n' $(VERSION) > $@

crit-test: pycriu $(BUILD)/criu
	$(Q)PYTHONPATH=$(BUILD) $(PYTHON) test/unit-py/run.py

# Debian's own directory for /usr, that of the interpreter's version for anything else.
ifneq ($(filter install install-pycriu install-crit,$(MAKECMDGOALS)),)
PYTHONDIR ?= $(shell $(PYTHON) lib/pythondir.py $(PREFIX))
endif

install-pycriu: pycriu
	install -d $(DESTDIR)$(PYTHONDIR)/pycriu/images
	install -m 644 $(BUILD)/pycriu/*.py $(DESTDIR)$(PYTHONDIR)/pycriu/
	install -m 644 $(BUILD)/pycriu/images/*.py $(BUILD)/pycriu/images/images.desc \
		$(DESTDIR)$(PYTHONDIR)/pycriu/images/

install-crit: install-pycriu
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 crit/crit $(DESTDIR)$(PREFIX)/bin/crit
	install -m 644 Documentation/crit.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 scripts/completion/crit $(DESTDIR)$(PREFIX)/share/bash-completion/completions/

install-docs:
	install -d $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 Documentation/criu.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -D -m 644 Documentation/criu-ns.1 $(DESTDIR)$(PREFIX)/share/man/man1/criu-ns.1
	install -m 644 scripts/completion/criu $(DESTDIR)$(PREFIX)/share/bash-completion/completions/

install: install-crit install-docs

# --- libcriu --------------------------------------------------------------------------------------------
libcriu_c := $(wildcard lib/c/*.c)
libcriu_o := $(libcriu_c:lib/c/%.c=$(BUILD)/libcriu/%.o) $(BUILD)/libcriu/rpc.pb-c.o
libcriu_cflags := -std=gnu17 -D_GNU_SOURCE $(OPT) -fPIC -MMD -MP -I$(BUILD)/libcriu -I$(BUILD)/images
all: $(BUILD)/libcriu.so.2.0 $(BUILD)/libcriu.a

$(BUILD)/libcriu/version.h: Makefile
	@mkdir -p $(@D)
	$(Q)printf '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n#define CRIU_VERSION "%s"\n#define CRIU_VERSION_MAJOR %s\n#define CRIU_VERSION_MINOR %s\n' \
		$(VERSION) $(word 1,$(subst ., ,$(VERSION))) $(word 2,$(subst ., ,$(VERSION))) > $@
$(BUILD)/libcriu/%.o: lib/c/%.c $(BUILD)/libcriu/version.h | $(pb_h)
	$(Q)$(CC) $(libcriu_cflags) $(WARN) -c $< -o $@
$(BUILD)/libcriu/rpc.pb-c.o: $(BUILD)/images/rpc.pb-c.c $(BUILD)/libcriu/version.h
	$(Q)$(CC) $(libcriu_cflags) -c $< -o $@
$(BUILD)/libcriu.so.2.0: $(libcriu_o) lib/c/libcriu.map
	$(Q)$(CC) $(OPT) -shared -Wl,-soname,libcriu.so.2 -Wl,--version-script=lib/c/libcriu.map -Wl,-z,defs -o $@ $(libcriu_o) -lprotobuf-c
	$(Q)ln -sf libcriu.so.2.0 $(BUILD)/libcriu.so.2 && ln -sf libcriu.so.2 $(BUILD)/libcriu.so
$(BUILD)/libcriu.a: $(libcriu_o)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
# The directories in it are those of this very command.
$(BUILD)/criu.pc: FORCE
	$(Q)printf 'prefix=%s\nlibdir=%s\nincludedir=%s\n\nName: CRIU\nDescription: checkpoint and restore from C programs\nVersion: %s\nLibs: -L$${libdir} -lcriu\nLibs.private: -lprotobuf-c\nCflags: -I$${includedir}\n' \
		$(PREFIX) $(LIBDIR) $(INCLUDEDIR) $(VERSION) > $@

install-libcriu: $(BUILD)/libcriu.so.2.0 $(BUILD)/libcriu.a $(BUILD)/criu.pc
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/criu
	install -m 755 $(BUILD)/libcriu.so.2.0 $(DESTDIR)$(LIBDIR)/
	ln -sf libcriu.so.2.0 $(DESTDIR)$(LIBDIR)/libcriu.so.2
	ln -sf libcriu.so.2 $(DESTDIR)$(LIBDIR)/libcriu.so
	install -m 644 $(BUILD)/libcriu.a $(DESTDIR)$(LIBDIR)/
	install -m 644 $(BUILD)/criu.pc $(DESTDIR)$(LIBDIR)/pkgconfig/
	install -m 644 lib/c/criu.h images/rpc.proto $(BUILD)/images/rpc.pb-c.h $(BUILD)/libcriu/version.h \
		$(DESTDIR)$(INCLUDEDIR)/criu/
install: install-libcriu
.PHONY: install-libcriu FORCE
