/*
 * A decoded load or store as text, in capstone's spelling, from the fields alone: two decoders that
 * print the same have the same class, size, registers, addressing and offset.
 */
#ifndef VELLUM_TESTS_DECODER_FORMAT_H
#define VELLUM_TESTS_DECODER_FORMAT_H

#include "mmio/decode.h"

#define FORMAT_SIZE 160

/* "mnemonic operands" into text[FORMAT_SIZE]. */
void format_insn(const struct ls_insn *insn, char *text);

#endif
