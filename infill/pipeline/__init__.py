"""From a request to an answer: fill, rewrite and refine, each on one screen.

Nothing here knows files, editors or tensors.
"""
