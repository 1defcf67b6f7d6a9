"""The booking as a PDF file: what it says (`words`), in which letters (`fonts`), how it looks (`drawing`)."""
