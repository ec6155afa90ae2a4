"""Weights of any size: the published layout, formats, reading in one stream, and a cache of what was converted."""
