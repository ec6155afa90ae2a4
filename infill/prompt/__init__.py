"""What the model reads around a hole, within budgets of tokens, and the canvas it fills.

Nothing here calls the model or judges an answer.
"""
