/*
 * Whether the host has asked for the guest.
 */
#ifndef VELLUM_RPC_GUEST_H
#define VELLUM_RPC_GUEST_H

#include "lib/types.h"

bool guest_has_started(void);

#endif
