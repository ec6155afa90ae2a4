"""Weights of any checkpoint: names, shapes, formats, files, conversion.

Nothing here runs a network.
"""
