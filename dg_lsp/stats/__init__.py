"""What becomes of suggestions, counted: numbers only, kept in one file.

Nothing here sees the user's text.
"""
