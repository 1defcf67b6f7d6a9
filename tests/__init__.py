"""Tests of everything. A package only so that `tests` always means this folder; its sub-folders are none."""
