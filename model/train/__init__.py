"""How the embedded model is made: corpus, tokenizer, training, export.

Nothing in the product imports this folder.
"""
