"""The machine's devices: what the device tree says of them, how a user names them, and the
registers of those that Vellum has a description for."""

from vellum.devices.registers import RegisterMap, load_registers
from vellum.devices.select import merge, select, select_all
from vellum.devices.tree import Device, list_devices

__all__ = [
    "Device",
    "RegisterMap",
    "list_devices",
    "load_registers",
    "merge",
    "select",
    "select_all",
]
