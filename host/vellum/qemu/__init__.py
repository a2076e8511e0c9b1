"""QEMU as the machine: finding it, its command line, its process."""
