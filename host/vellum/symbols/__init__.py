"""Names of a guest kernel's code and data, from the kernel's own tables."""

from vellum.symbols.kallsyms import read_symbols
from vellum.symbols.table import SymbolTable

__all__ = ["SymbolTable", "read_symbols"]
