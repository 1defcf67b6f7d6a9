"""Side-by-side measurements with the peers that people would otherwise use, and with floors that nothing can beat.

Every subject of a measurement runs on the same server, with the same clients, in the same run; nothing here is used by the
product itself. Start at `run.py`; what each file measures is its name.
"""
