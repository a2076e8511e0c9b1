/*
 * Calls from the host, and events to it: the link's rpc channel.
 */
#ifndef VELLUM_RPC_RPC_H
#define VELLUM_RPC_RPC_H

#include "link/messages.h"

/* One message from the host: does what it asks and replies. From link_receive, one CPU at a time. */
void rpc_receive(const void *message, size_t length);

/* Once, when Vellum is ready for calls. */
void rpc_event_ready(void);

/* The guest, on `cpu`, has called SYSTEM_OFF or SYSTEM_RESET; its trace has been sent. */
void rpc_event_guest_stop(enum stop_reason reason, unsigned cpu, uint64_t counter);

/* Takes the host's guest_start, once: true when it has come. */
bool rpc_take_start(struct guest_start_call *out);

/* Answers it, just before the guest is entered. */
void rpc_start_reply(uint64_t counter);

#endif
