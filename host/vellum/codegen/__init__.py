"""Writes the C headers and Python modules that share one description of a wire format."""
