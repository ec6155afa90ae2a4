"""What the model can learn from the project's other files: imports, outlines of modules, definitions.

Nothing here reads a file that the ignore rules exclude.
"""
