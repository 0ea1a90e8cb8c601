# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pycriu and crit. The package is put together under $(BUILD)/pycriu; crit finds it there when it is
# run from the tree.

PROTOC	?= protoc
PYTHON	?= /usr/bin/python3

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

crit-test: pycriu
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
	install -m 644 scripts/completion/criu $(DESTDIR)$(PREFIX)/share/bash-completion/completions/

install: install-crit install-docs
