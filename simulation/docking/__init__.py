"""Docking: how well a molecule fits into the pocket of a given protein."""
