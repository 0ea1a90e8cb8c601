# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Included by the top Makefile. Gives: $(BUILD)/libcompel.a; PIE_CFLAGS, PIE_DEPS and PIE_LINK to make a flat blob of
# freestanding objects; the rule that packs a blob; compel-test.
#
# arch/$(ARCH)/ is laid over arch/generic/: a file of the same name replaces it.

compel_own	:= $(sort $(wildcard compel/arch/$(ARCH)/*.c))
compel_generic	:= $(filter-out $(notdir $(compel_own)),$(notdir $(wildcard compel/arch/generic/*.c)))
compel_c	:= $(sort $(wildcard compel/src/*.c)) $(compel_own) $(compel_generic:%=compel/arch/generic/%)
compel_o	:= $(compel_c:%.c=$(O)/%.o)
COMPEL_INC	:= -Icompel/include -Icompel/arch/$(ARCH)/include -Icompel/src

# --- freestanding code ------------------------------------------------------------------------------------
# Only general registers: what the target has in the others stays there. Statics that need writing are refused by the
# linker script, which also says why.
PIE_CFLAGS = -std=gnu17 -O2 -g -ffreestanding -fpie -fvisibility=hidden -fno-stack-protector -fno-builtin \
	     -fno-asynchronous-unwind-tables -fno-unwind-tables -ffunction-sections -fdata-sections -fcf-protection=none \
	     -mgeneral-regs-only -fno-strict-aliasing \
	     $(WARN) -MMD -MP -Icompel/arch/$(ARCH)/include

pie_lds		:= compel/arch/$(ARCH)/pie/blob.lds
pie_base_o	:= $(O)/compel/arch/$(ARCH)/pie/head.o \
		   $(patsubst %.pie.c,$(O)/%.pie.o,$(sort $(wildcard compel/src/pie/*.pie.c compel/arch/$(ARCH)/pie/*.pie.c)))
PIE_DEPS	:= $(pie_base_o) $(pie_lds) compel/pack-blob

# Links the objects among $^ into the flat blob $@. --orphan-handling: a section that the script does not name is an error.
define PIE_LINK
	@mkdir -p $(@D)
	$(Q)$(LD) -pie --no-dynamic-linker -z noexecstack -z norelro --gc-sections --orphan-handling=error --build-id=none \
		--no-warn-rwx-segments -T $(pie_lds) -o $@.elf $(filter %.o,$^)
	$(Q)$(OBJCOPY) -O binary -j .blob $@.elf $@
endef
LD	?= ld
OBJCOPY	?= objcopy
.PRECIOUS: $(O)/compel/%.o $(O)/compel/%.pie.o $(O)/compel/test/%.blob $(O)/%.blob.o

$(O)/compel/%.pie.o: compel/%.pie.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(PIE_CFLAGS) -Icompel/include -c $< -o $@

$(O)/compel/%.o: compel/%.S
	@mkdir -p $(@D)
	$(Q)$(CC) -MMD -MP -c $< -o $@

$(O)/%.blob.o: $(O)/%.blob compel/pack-blob
	$(Q)compel/pack-blob $< $@.S
	$(Q)$(CC) -c $@.S -o $@

# --- the library --------------------------------------------------------------------------------------------
$(O)/compel/%.o: compel/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMPEL_INC) -c $< -o $@

$(BUILD)/libcompel.a: $(compel_o)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# --- tests: each test/*.c is a program; test/*.pie.c are the blobs they load --------------------------------
compel_test_blob := $(patsubst %.pie.c,$(O)/%.blob.o,$(wildcard compel/test/*.pie.c))
compel_test_lib	:= $(wildcard compel/test/lib/*.c)
compel_tests	:= $(patsubst compel/test/%.c,$(BUILD)/compel-test/%,$(filter-out %.pie.c,$(wildcard compel/test/*.c)))

$(O)/compel/test/%.blob: $(O)/compel/test/%.pie.o $(PIE_DEPS)
	$(PIE_LINK)

$(BUILD)/compel-test/%: compel/test/%.c $(compel_test_lib) $(wildcard compel/test/lib/*.h) $(compel_test_blob) \
			$(BUILD)/libcompel.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMPEL_INC) -Icompel/test/lib -o $@ $< $(compel_test_lib) $(compel_test_blob) \
		$(BUILD)/libcompel.a

$(BUILD)/compel-bench: compel/test/bench/visit.c $(O)/compel/test/ops.blob.o $(BUILD)/libcompel.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMPEL_INC) -o $@ $< $(O)/compel/test/ops.blob.o $(BUILD)/libcompel.a

.PHONY: compel-test compel-bench
compel-bench: $(BUILD)/compel-bench
	$(Q)$<

compel-test: $(compel_tests)
	$(Q)O=$(O) BUILD=$(BUILD) compel/test/run $(compel_tests) compel/test/refused/run
