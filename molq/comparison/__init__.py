"""One campaign three ways: classical only, quantum only, and as its file says."""
