"""Usage statistics of suggestions: counting, keeping in one file, printing. Numbers only, on this machine only.

Nothing here sees the user's text in a file or on a screen, and nothing knows the protocol.
"""
