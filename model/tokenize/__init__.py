"""Text to token ids and back, and the layout of a prompt.

Nothing here knows a network.
"""
