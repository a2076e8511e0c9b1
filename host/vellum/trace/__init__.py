"""Traces in the Common Trace Format: written as packets arrive, read, shown and summed up."""
