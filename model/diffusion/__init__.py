"""The denoising loop, its sampler and its noise, and what they ask of a network.

Nothing here knows text, files or a runtime.
"""
