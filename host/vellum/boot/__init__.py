"""The guest's boot: reading kernels, placing them in RAM, editing the machine's device tree."""
