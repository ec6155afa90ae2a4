"""What code can see of a text with a fill in it: it parses, and nothing that was there is lost.

Nothing here asks the model.
"""
