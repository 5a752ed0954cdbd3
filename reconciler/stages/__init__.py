"""One verb per file, in the order of the data flow: load, resolve, observe, diff, order, guard, apply. A stage never imports another."""
