"""Ranks candidates and decides whether the first is sure enough to be an answer.

Nothing here makes a candidate.
"""
