"""From a cursor, a selection or a whole file to what is to be filled.

Nothing here knows what will be filled in.
"""
