"""The JSON API of the public contract, version 1."""
