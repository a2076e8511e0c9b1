/*
 * One call on its way through its handler. rpc/rpc.c has checked that all fixed fields are there.
 */
#ifndef VELLUM_RPC_CALL_H
#define VELLUM_RPC_CALL_H

#include "link/messages.h"

/* mem_read and mem_write move so much at most. */
#define RPC_MAX_MEMORY 32768

struct rpc_call {
    uint32_t id;
    uint16_t type;
    const uint8_t *fixed; /* the fixed fields, at any alignment: memcpy them */
    const uint8_t *tail;
    size_t tail_length;

    uint8_t *reply;      /* room for the reply's body */
    size_t reply_length; /* so much of it is there */
    size_t reply_room;
};

/* What a handler returns instead of a status when it replies by itself, or later. */
#define RPC_NO_REPLY UINT32_C(0xffffffff)

/* Does the call. Returns a status; a body counts only with STATUS_OK. */
typedef unsigned rpc_handler(struct rpc_call *call);

#define RPC_DECLARE(type, name, size, tail) unsigned rpc_##name(struct rpc_call *call);
RPC_CALLS(RPC_DECLARE)
#undef RPC_DECLARE

/* Copies the fixed fields to `out`, a struct NAME_call. */
#define rpc_fixed(call, out) memcpy((out), (call)->fixed, sizeof(*(out)))

/* Puts bytes at the end of the reply's body. CHECKs that they fit. */
void rpc_put(struct rpc_call *call, const void *bytes, size_t length);

/* Sends a message: a reply when type has RPC_REPLY. */
void rpc_send(uint16_t type, unsigned status, uint32_t id, const void *body, size_t length);

#endif
