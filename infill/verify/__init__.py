"""Whether changes hold: the project's formatter and its own command, in a copy of the tree, with limits.

Knows files, texts and which of several ways is tried; neither models nor holes.
"""
