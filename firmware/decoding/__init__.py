"""Photos that come from outside are decoded in a child process that can do nothing else.

`picture` decodes, `child` is the process around it, `wire` is what both sides say, `decoder` is the side that asks.
"""
