"""Cheap stages before the recipes, and calculations that need not be done again."""
