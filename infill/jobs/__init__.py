"""Jobs: what is to be done to a tree of files, which places that means, and what became of each.

Knows no arguments and no output. Where a place is and what the model may change there is decided here, how it is
filled in `infill/pipeline`.
"""
