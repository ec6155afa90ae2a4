"""Masked diffusion models as networks in torch: their layouts, tokenizers and decoders.

Nothing here knows text beyond special ids.
"""
