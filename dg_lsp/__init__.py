"""The language server: protocol, documents and scheduling; it knows nothing of how a fill is made."""

__version__ = "0.1.0"
