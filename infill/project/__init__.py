"""What the project's other files say: imports, outlines of modules, definitions.

Nothing here reads a file that the ignore rules exclude.
"""
