"""Candidate texts for a hole from every source, made fit to stand in it.

Nothing here ranks them.
"""
