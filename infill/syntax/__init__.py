"""Parsed text: trees, languages and what differs between their grammars, indentation.

Nothing here knows of holes or models.
"""
