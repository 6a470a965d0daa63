"""A policy tried out where the answers are known, or where it only watches."""
