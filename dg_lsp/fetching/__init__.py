"""Fetching the default model from an editor: the process that does it, and what the user answered when asked.

Nothing here knows of the protocol, or uses a network: the process does, once the user has said so.
"""
