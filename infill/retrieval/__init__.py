"""Evidence from elsewhere in the code base: similar lines, near misses, words, types of the same names.

Nothing here asks the model.
"""
