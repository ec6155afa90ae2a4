"""What can be mended by code alone, of what another server reports: syntax errors, misspelt names, missing imports.

Proposes small edits that remove the error, as far as the tree and the file's own names see it. Refuses to know a model.
"""
