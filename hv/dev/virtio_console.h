/*
 * virtio-console (virtio 1.2, section 5.3) as a byte stream to the host.
 *
 * The stream is port 1 of a multiport device, named "vellum":
 *   -device virtio-serial-device,max_ports=2 -device virtserialport,chardev=C,nr=1,name=vellum
 * QEMU's port 0 (virtconsole) would lose bytes without a word when the reader is slow:
 * hw/char/virtio-console.c, flush_buf() holds back only ports that are not consoles.
 */
#ifndef VELLUM_DEV_VIRTIO_CONSOLE_H
#define VELLUM_DEV_VIRTIO_CONSOLE_H

#include "lib/types.h"

/* Starts the console at `base` if there is one with our port. False: it is left reset. */
bool virtio_console_start(uint64_t base);

/* Sending: under one lock. The buffer is the device's until virtio_console_sent returns cookie. */
bool virtio_console_has_room(void);
bool virtio_console_send(void *buffer, uint32_t length, void *cookie);
bool virtio_console_has_sent(void); /* a hint, without the lock */
void *virtio_console_sent(void);
bool virtio_console_is_idle(void);

/* Receiving: one CPU at a time. Hands what has come to `sink`, in order. */
void virtio_console_receive(void (*sink)(const uint8_t *bytes, size_t length));

void virtio_console_acknowledge(void);

#endif
