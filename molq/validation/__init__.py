"""Trials of the way molecules are chosen, on molecules whose values are known."""
