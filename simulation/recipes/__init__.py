"""Recipes: named, defined quantities of a molecule, one module each."""
