"""Open documents and notebooks, and positions in them.

Nothing here knows of suggestions or models.
"""
