"""A run: one guest, from the user's kernel to a trace and a summary."""
