"""Which files may be read at all, as git understands ignore files.

Nothing here knows of holes, prompts or models.
"""
