"""What we are asked to tell: the same nouns as the projections. Nothing is decided here."""
