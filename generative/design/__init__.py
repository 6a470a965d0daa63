"""Design tasks: what a medicinal chemist asks of a prior, without training it anew."""
