"""Training of the embedded model: corpus, tokenizer, objective, network, loop, export, one file each."""
