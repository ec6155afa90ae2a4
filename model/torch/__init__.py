"""Checkpoints of the transformers class as networks in torch, on a CPU or a GPU.

Nothing here knows text.
"""
