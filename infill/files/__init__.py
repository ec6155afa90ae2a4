"""Source files in and out, byte for byte, and unified diffs.

Nothing here knows what changed a text.
"""
