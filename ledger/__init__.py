"""The book: append, read, tail and seal events, and the value types every other folder speaks.

Nothing here knows a hotel rule; nothing here imports another folder of the project.
"""
