"""The code that benchmarks ask about: a committed list of packages, their download, and what is installed here.

Nothing of a package is ever installed or run: its archive is read, and its source files are kept in the user's cache.
"""
