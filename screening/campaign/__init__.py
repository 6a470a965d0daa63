"""The closed loop: rounds that are opened, decided, learned from and ended."""
