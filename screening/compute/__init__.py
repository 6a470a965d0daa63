"""Calculations: where they run, within which limits, how often, at what cost."""
