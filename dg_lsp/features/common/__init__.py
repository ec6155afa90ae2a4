"""Helpers that several LSP methods share: suggestions, rewrites, and our values as the protocol's.

No file here answers a message of its own.
"""
