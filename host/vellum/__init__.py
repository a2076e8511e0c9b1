"""Vellum: runs an arm64 kernel under a thin hypervisor and shows what it does to its devices."""
