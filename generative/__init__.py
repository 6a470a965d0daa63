"""Which molecule to try: motif trees, the graph prior, sampling, fine-tuning."""
