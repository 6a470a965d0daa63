"""ADMET-AI: absorption, distribution, metabolism, excretion and toxicity, foretold by a model."""
