"""Ranks candidates and decides whether the confidence of the first is high enough for an answer.

Nothing here makes a candidate.
"""
