"""The engine: denoise, draft and score over one kept prompt, whichever runtime computes it.

Nothing here knows text or languages.
"""
