"""Checks of a text with a fill in it: it parses, and the fill loses nothing that the text had.

Nothing here asks the model.
"""
