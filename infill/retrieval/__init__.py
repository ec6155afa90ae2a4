"""What the code base says elsewhere: similar lines, near misses, words, types of the same names.

Nothing here asks the model.
"""
