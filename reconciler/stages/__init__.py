"""One verb per file, in the order of the data flow: load, resolve, observe, pin, diff, order, guard, apply (write).

A stage never imports another; what two of them need is in `core`, or handed over by `pipeline`.
"""
