"""What we remember: read models folded from the log.

Each moves its rows and its position together, so a position is applied once or not at all. All can be thrown away and made
again.
"""
