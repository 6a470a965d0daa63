"""The review page: what a run proposes and found, and what people say of it."""
