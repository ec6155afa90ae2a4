"""The `infill` command: arguments in; data on stdout, messages on stderr, an exit code out.

Nothing here decides what a fill is.
"""
