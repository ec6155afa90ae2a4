"""Fetches checkpoints, when a person says so.

This is the only folder besides `http` that uses a network.
"""
